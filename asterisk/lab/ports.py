"""Free ports on loopback, for as many Asterisks side by side as wanted."""

import random
import socket

LOOPBACK = "127.0.0.1"


def free_udp() -> int:
    return _free(socket.SOCK_DGRAM)


def free_tcp() -> int:
    return _free(socket.SOCK_STREAM)


def free_rtp_range(size: int) -> tuple[int, int]:
    """First and last of `size` UDP ports below the kernel's own range, of which a sample was free. Raises OSError."""
    for _ in range(100):
        first = random.randrange(10_000, 32_000 - size, 2)  # noqa: S311  # no secret, only apart from other labs
        if all(_is_free(port) for port in range(first, first + size, max(2, size // 20))):
            return first, first + size - 1
    raise OSError(f"no {size} free UDP ports in a row on {LOOPBACK}")


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
