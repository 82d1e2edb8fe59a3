"""Ports for labs: nobody's, and none that the kernel might give to a connection meanwhile."""

import socket
from pathlib import Path

import pytest

from asterisk.lab import ports

KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_no_port_is_of_the_kernels_own_range() -> None:
    lowest = int(KERNELS.read_text().split()[0])
    found = [choose() for choose in (ports.free_tcp, ports.free_udp) for _ in range(50)]
    assert max(*found, ports.free_rtp_range(1000)[1]) < lowest


def test_the_wanted_port_is_taken_unless_somebody_listens_there() -> None:
    port = ports.free_tcp()
    assert ports.free_tcp(port) == port
    with socket.create_server((ports.LOOPBACK, port)):
        assert ports.free_tcp(port) not in {port, 0}
    assert ports.free_tcp(port) == port


def test_no_port_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens yet on the first when the second is looked for."""
    monkeypatch.setattr(ports, "_TCP", range(20_000, 20_100))
    found = [ports.free_tcp() for _ in range(60)]
    assert len(set(found)) == 60


def test_a_range_without_a_free_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_is_free", lambda *_: False)
    with pytest.raises(OSError, match="no free port among 100 of 10000 to 31999"):
        ports.free_tcp()
    with pytest.raises(OSError, match="no 1000 free UDP ports in a row"):
        ports.free_rtp_range(1000)
