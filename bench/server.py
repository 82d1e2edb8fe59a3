"""`dialer serve` as its users run it, in a process of its own, and the processor's time that a process has used."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from asterisk.lab.ami import AmiAddress
from asterisk.lab.ports import free_tcp

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path, ami: AmiAddress | None = None, **environment: str) -> Iterator[int]:
    """A server on `bench.db` in `folder` while the block runs; yields its process id once it is up.

    Without `ami` no Asterisk is there. `environment` is more of `DIALER_…`.
    """
    port = free_tcp()
    asterisk = {"DIALER_AMI__PORT": "1"}
    if ami is not None:
        asterisk = {
            "DIALER_AMI__HOST": ami.host, "DIALER_AMI__PORT": str(ami.port),
            "DIALER_AMI__USERNAME": ami.username, "DIALER_AMI__SECRET": ami.secret,
        }  # fmt: skip
    settings = {
        "DIALER_DATABASE__URL": f"sqlite+aiosqlite:///{folder}/bench.db", "DIALER_DATA_DIR": str(folder),
        "DIALER_HTTP__PORT": str(port), "DIALER_LOG__LEVEL": "error", "DIALER_CALLS__DRAIN_S": "0",
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "dialer.cli", "serve"], env={**os.environ, **settings, **asterisk, **environment}
    )
    try:
        while not _is_up(port):
            if server.poll() is not None:
                sys.exit(f"the server ended with {server.returncode}")
            time.sleep(0.02)
        yield server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def cpu_s(pid: int) -> float:
    """Of all threads of a process, in its own code and in the system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _is_up(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
