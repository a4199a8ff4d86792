"""The network interface by which the processes of a run reach each other."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

_SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface
_LONGEST_NAME = 15  # bytes, as Linux has them


class Route(NamedTuple):
    """How a process reaches the place where all meet; two addresses.

    Attributes:
        own: from which it sends.
        meeting: to which it sends.
    """

    own: str
    meeting: str


def route_to(host: str, port: int) -> Route | None:
    """Return how a host is reached by IPv4, or None where it is not known; sends nothing."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        return Route(probe.getsockname()[0], probe.getpeername()[0])
    return None


def address_for_others(own: Route | None, others: Iterable[Route | None]) -> str | None:
    """Return the address by which the others reach this process; None where all are one machine.

    A machine often resolves its own name to 127.0.0.1 or 127.0.1.1. Where the processes meet on it,
    the others know its address.

    Args:
        own: route of this process.
        others: routes of all, this one's among them or not.
    """
    if own is None:
        return None
    if not _is_loopback(own.own):
        return own.own
    seen = (route.meeting for route in others if route)
    return next((address for address in seen if not _is_loopback(address)), None)


def interface_of(address: str) -> str | None:
    """Return the name of the interface that has an IPv4 address, or None where none has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode()[:_LONGEST_NAME])
            with suppress(OSError):  # it has no such address
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, asked)
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    return None


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
