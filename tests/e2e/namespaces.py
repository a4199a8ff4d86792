"""Two hosts on one machine: network namespaces, joined by a veth pair.

Each has a name of its own that the other resolves, as hosts of a cluster have, and takes its own
name for 127.0.1.1, as Debian's do; nothing else is reached.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_NAMED = ("alpha", "beta")
_ADDRESSES = ("192.0.2.1", "192.0.2.2")  # of TEST-NET-1; no other namespace sees them
_FILES = Path("/etc/netns")  # what `ip netns exec` shows in place of files in /etc


@dataclass(frozen=True)
class Host:
    """A namespace that has its own network and host name.

    Attributes:
        name: by which the hosts know it.
        address: IPv4, on the link between the two.
        namespace: its name for `ip`.
        interface: its end of the link.
    """

    name: str
    address: str
    namespace: str
    interface: str

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs words on this host."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name)
        return ["ip", "netns", "exec", self.namespace, *named, *words]

    def start(
        self, words: Sequence[str], variables: Mapping[str, str] | None = None, **how: Any
    ) -> subprocess.Popen[str]:
        """Start a command on this host, in a session of its own; its output is text."""
        environment = os.environ | dict(variables or {})
        how = {"text": True, "start_new_session": True, "env": environment} | how
        return subprocess.Popen(self.command(*words), **how)

    def unplug(self) -> None:
        """Take the network away; of what is sent nothing arrives, and nobody is told."""
        _ip("-n", self.namespace, "link", "set", self.interface, "down")

    def plug_in(self) -> None:
        """Give the network back."""
        _ip("-n", self.namespace, "link", "set", self.interface, "up")


@contextmanager
def two_hosts(purpose: str) -> Iterator[tuple[Host, Host]]:
    """Yield two hosts that reach each other; skips the test where they cannot be made.

    Args:
        purpose: a word that tells them from those of other tests.
    """
    _require_namespaces()
    names = [f"bsgrow-{os.getpid()}-{purpose}-{name}" for name in _NAMED]
    ends = [f"bsg{os.getpid()}{side}" for side in "ab"]  # at most 15 characters
    with ExitStack() as undo:
        for namespace, own in zip(names, _NAMED, strict=True):
            _ip("netns", "add", namespace)
            undo.callback(_ip, "netns", "del", namespace)
            undo.callback(shutil.rmtree, _write_files(namespace, own))
        peer = ("type", "veth", "peer", "name", ends[1], "netns", names[1])
        _ip("link", "add", ends[0], "netns", names[0], *peer)
        hosts = [Host(*each) for each in zip(_NAMED, _ADDRESSES, names, ends, strict=True)]
        for host in hosts:
            _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", host.interface)
            _ip("-n", host.namespace, "link", "set", "lo", "up")
            host.plug_in()
        yield hosts[0], hosts[1]


def _write_files(namespace: str, own: str) -> Path:
    folder = _FILES / namespace
    folder.mkdir(parents=True)
    others = [pair for pair in zip(_ADDRESSES, _NAMED, strict=True) if pair[1] != own]
    lines = [f"{address} {name}" for address, name in [("127.0.1.1", own), *others]]
    (folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
    (folder / "nsswitch.conf").write_text("hosts: files\n")  # no name server can be reached
    return folder


def _require_namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to make network namespaces")
    for tool in ("ip", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool} (Debian: iproute2, util-linux), to make network namespaces")
    tried = f"bsgrow-{os.getpid()}-tried"
    made = subprocess.run(
        ["ip", "netns", "add", tried], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no network namespaces can be made here: {made.stderr.strip()}")
    _ip("netns", "del", tried)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
