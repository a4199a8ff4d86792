"""Ranks of a host, forked from a process that has imported it, so that one starts at once."""

from multiprocessing import get_context

from tests.training.processes import run_ranks

__all__ = ["preload", "run_ranks"]


def preload(*modules):
    """Say what that process imports; it is to be said before the first rank starts."""
    # torch._dynamo: the first optimizer imports it, for seconds
    get_context("forkserver").set_forkserver_preload(["torch._dynamo", "pytest", *modules])
