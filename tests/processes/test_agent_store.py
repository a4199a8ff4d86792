"""Processes whose torchrun is gone before they meet do not wait for it."""

import socket

import pytest

from bsgrow.processes.agent_store import require_agent_store

PLACES = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
BY_TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "TORCHELASTIC_USE_AGENT_STORE": "True"}


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def launched(monkeypatch, server, **variables):
    port = str(server.getsockname()[1])
    for name, value in {**PLACES, **BY_TORCHRUN, "MASTER_PORT": port, **variables}.items():
        monkeypatch.setenv(name, value)


def test_a_store_that_is_there_is_gone_to(monkeypatch, listening):
    launched(monkeypatch, listening)
    require_agent_store(0)


def test_one_that_is_gone_is_told_of(monkeypatch, listening):
    launched(monkeypatch, listening)
    listening.close()
    with pytest.raises(ConnectionRefusedError, match=r"127.0.0.1:\d+ is gone, and torchrun with"):
        require_agent_store(0)


def test_a_store_that_rank_0_opens_itself_may_come_later(monkeypatch, listening):
    """As without torchrun, and where it has been told not to share its own."""
    launched(monkeypatch, listening, TORCHELASTIC_USE_AGENT_STORE="False")
    listening.close()
    require_agent_store(0)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    require_agent_store(0)


def test_a_machine_that_is_not_known_is_left_to_the_rendezvous(monkeypatch, listening):
    launched(monkeypatch, listening, MASTER_ADDR="a..b")
    require_agent_store(0)
