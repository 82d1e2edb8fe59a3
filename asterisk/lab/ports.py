"""Free ports on loopback, for as many labs side by side as wanted.

All lie below the kernel's own range (from 32,768 on Linux). A port of that range may become the near end of anybody's
connection between the look and the use, or while its server restarts; it may even be connected to itself.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
_UDP = range(5_100, 10_000)  # below those for RTP
_RTP = range(10_000, 32_000)
_TCP = range(10_000, 32_000)
_TRIES = 100
_CHANCE = random.SystemRandom()  # apart from other labs even where a test has seeded the common one
_given: set[int] = set()  # by this process: who has one does not listen yet, or is just being restarted


def free_udp() -> int:
    """For SIP. Raises OSError."""
    return _free(socket.SOCK_DGRAM, _UDP)


def free_tcp(wanted: int = 0) -> int:
    """The wanted port, or another if somebody has it. Raises OSError."""
    if wanted and _is_free(socket.SOCK_STREAM, wanted):
        return wanted
    return _free(socket.SOCK_STREAM, _TCP)


def free_rtp_range(size: int) -> tuple[int, int]:
    """First and last of `size` UDP ports, of which a sample was free. Raises OSError."""
    for _ in range(_TRIES):
        first = _CHANCE.randrange(_RTP.start, _RTP.stop - size, 2)
        if all(_is_free(socket.SOCK_DGRAM, port) for port in range(first, first + size, max(2, size // 20))):
            return first, first + size - 1
    raise OSError(f"no {size} free UDP ports in a row on {LOOPBACK}")


def _free(kind: socket.SocketKind, among: range) -> int:
    for port in _CHANCE.sample(among, _TRIES):
        if port not in _given and _is_free(kind, port):
            _given.add(port)
            return port
    raise OSError(f"no free port among {_TRIES} of {among.start} to {among.stop - 1} on {LOOPBACK}")


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:  # what lingers of connections that have ended keeps no server out
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
