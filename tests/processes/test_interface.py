"""By which interface the processes of a run reach each other."""

import socket
import sys

import pytest

from bsgrow.processes.interface import Route, address_for_others, interface_of, route_to

ALPHA = Route("127.0.1.1", "127.0.1.1")  # where all meet; its own name is its loopback
BETA = Route("192.0.2.2", "192.0.2.1")
GAMMA = Route("192.0.2.3", "192.0.2.1")


@pytest.mark.parametrize(
    ("own", "address"),
    [(ALPHA, "192.0.2.1"), (BETA, "192.0.2.2"), (GAMMA, "192.0.2.3"), (None, None)],
)
def test_each_of_three_machines_is_reached_by_its_own_address(own, address):
    assert address_for_others(own, [ALPHA, None, BETA, GAMMA]) == address


def test_processes_of_one_machine_need_no_interface():
    assert address_for_others(ALPHA, [ALPHA, ALPHA, None]) is None


def test_a_route_is_found_without_sending():
    assert route_to("127.0.0.1", 1) == Route("127.0.0.1", "127.0.0.1")
    assert route_to("no.such.host.invalid", 1) is None


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which address an interface has")
def test_an_interface_is_found_by_its_address():
    name = interface_of("127.0.0.1")
    assert name in [name for _, name in socket.if_nameindex()]
    assert interface_of("192.0.2.77") is None
