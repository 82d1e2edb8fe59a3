"""One private Asterisk: its folder, its configuration, its process."""

import asyncio
import contextlib
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from asterisk.lab import ports
from asterisk.lab.ami import TIMEOUT_S, AmiAddress, AmiError, Session
from asterisk.lab.distribution import Distribution

START_S = 60.0
STOP_S = 3.0
FOLDERS = ("etc", "varlib", "db", "keys", "spool", "run", "log", "cache", "agi", "sounds")
# Empty files that Asterisk would otherwise call missing: a lab's log shall hold what matters.
EMPTY = ("acl", "amd", "ccss", "cel", "features", "indications", "pjproject", "queuerules", "udptl")
# All that a lab needs and nothing more: an instance is ready in 0.3 s and takes some 60 MB.
COMMON_MODULES = (
    "app_stack",
    "app_verbose",
    "bridge_simple",
    "chan_pjsip",
    "codec_ulaw",
    "format_pcm",
    "func_callerid",
    "func_channel",
    "func_db",
    "func_env",
    "func_hangupcause",
    "func_logic",
    "func_math",
    "func_rand",
    "func_strings",
    "func_timeout",
    "pbx_config",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_pubsub",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_timing_timerfd",
)


class StartError(Exception):
    """Asterisk did not come up; the text ends with the last lines of its log."""


class Instance:
    """A private Asterisk in `folder`, on free ports of 127.0.0.1, that ends with the process that started it.

    Subclasses say what it is: `modules`, `files()` and their own AMI users.
    """

    modules: Sequence[str] = ()

    def __init__(self, name: str, folder: Path, distribution: Distribution, rtp_ports: int) -> None:
        self.name = name
        self.folder = folder
        self._distribution = distribution
        self._process: subprocess.Popen[bytes] | None = None
        self.sip_port = ports.free_udp()
        self.ami_port = ports.free_tcp()
        self._rtp = ports.free_rtp_range(rtp_ports)
        self.admin = AmiAddress(ports.LOOPBACK, self.ami_port, "lab-admin", secrets.token_hex(16))
        self.recorder = AmiAddress(ports.LOOPBACK, self.ami_port, "lab-recorder", secrets.token_hex(16))

    @property
    def log(self) -> Path:
        return self.folder / "log/messages.log"

    @property
    def pid(self) -> int | None:
        """The running process, or None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def files(self) -> Mapping[str, str]:
        """The configuration files of this kind of instance, by name; added to the common ones."""
        return {}

    async def start(self) -> None:
        """Write the configuration and start; returns once Asterisk reports FullyBooted. Raises StartError."""
        if self.pid is not None:
            return
        self._end_leftover()
        self._write()
        self._spawn()
        await self._booted()

    async def stop(self) -> None:
        """End by SIGTERM, by SIGKILL if that does not help within three seconds. Harmless if it is not running."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """`kill -9`: every call, pause and dynamic member is lost, as in a crash."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop and start on the same ports."""
        await self.stop()
        await self.start()

    async def core_restart(self, how: str = "now", timeout_s: float = TIMEOUT_S) -> None:
        """`core restart`: Asterisk executes itself again under the same process id; clients see Shutdown, then EOF.

        `how`: `now`, `gracefully` (new calls are refused, it waits for the others) or `when convenient` (it waits for a
        moment without calls). Raises TimeoutError if that moment does not come.
        """
        async with Session(self.admin) as session:
            with contextlib.suppress(AmiError):  # the answer may be cut off by the restart itself
                await session.ask("Command", Command=f"core restart {how}")
            await session.closed(timeout_s)
        await self._booted()

    async def _booted(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.pid is None:
                break
            with contextlib.suppress(OSError, AmiError, TimeoutError):
                async with Session(self.admin) as session:
                    await session.wait(lambda e: e.name == "FullyBooted", deadline - time.monotonic())
                    return
            await asyncio.sleep(0.02)
        await self.kill()
        raise StartError(f"Asterisk {self.name!r} did not start:\n{self._last_words()}")

    def _last_words(self) -> str:
        texts = [p.read_text(errors="replace") for p in (self.folder / "log/console.log", self.log) if p.is_file()]
        return "\n".join(line for text in texts for line in text.splitlines()[-15:])

    def _spawn(self) -> None:
        script = self.folder / "start.sh"
        with (self.folder / "log/console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [str(script), "-C", str(self.folder / "etc/asterisk.conf"), "-f", "-n"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.folder,
                start_new_session=True,  # a Ctrl-C at the terminal ends the lab in order, not each process by itself
            )
        (self.folder / "pid").write_text(str(self._process.pid))

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        deadline = time.monotonic() + STOP_S
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            await asyncio.sleep(0.01)
        (self.folder / "pid").unlink(missing_ok=True)

    def _end_leftover(self) -> None:
        """End what an earlier run in the same folder left behind; a process id that belongs to others now is spared."""
        pid_file = self.folder / "pid"
        with contextlib.suppress(OSError, ValueError):
            pid = int(pid_file.read_text())
            if str(self.folder / "etc/asterisk.conf").encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        pid_file.unlink(missing_ok=True)

    def _write(self) -> None:
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in {**self._common_files(), **self.files()}.items():
            (self.folder / "etc" / name).write_text(text)
        script = self.folder / "start.sh"
        script.write_text(self._script())
        script.chmod(0o755)

    def _script(self) -> str:
        """`core restart` executes argv[0] again, so that must be this script and not the program or its loader.

        The kernel ends Asterisk when the thread that started it ends (setpriv, a part of every Debian): no orphans.
        In UTC, as STRFTIME's `%s` is a time of the process's own zone whatever zone is asked for.
        """
        loader, *rest = self._distribution.command
        own = f'{shlex.quote(loader)} --argv0 "$0" {shlex.join(rest)}' if rest else shlex.quote(loader)
        guard = "setpriv --pdeathsig KILL " if shutil.which("setpriv") else ""
        return f'#!/bin/sh\nexport TZ=UTC0\nexec {guard}{own} "$@"\n'

    def _common_files(self) -> Mapping[str, str]:
        folder, distribution = self.folder, self._distribution
        first, last = self._rtp
        loads = "\n".join(f"load = {module}.so" for module in (*COMMON_MODULES, *self.modules))
        return {
            **{f"{name}.conf": "" for name in EMPTY},
            "asterisk.conf": (
                f"[directories]\nastetcdir = {folder}/etc\nastmoddir = {distribution.modules}\n"
                f"astvarlibdir = {folder}/varlib\nastdbdir = {folder}/db\nastkeydir = {folder}\n"
                f"astdatadir = {distribution.data}\nastagidir = {folder}/agi\nastspooldir = {folder}/spool\n"
                f"astrundir = {folder}/run\nastlogdir = {folder}/log\nastcachedir = {folder}/cache\n\n"
                "[options]\nnocolor = yes\ndefaultlanguage = en\n"
            ),
            "modules.conf": f"[modules]\nautoload = no\n{loads}\n",
            "logger.conf": "[general]\ndateformat = %F %T.%3q\n[logfiles]\nmessages.log => notice,warning,error\n",
            "rtp.conf": f"[general]\nrtpstart = {first}\nrtpend = {last}\n",
            "cdr.conf": "[general]\nenable = no\n",
            "manager.conf": (
                f"[general]\nenabled = yes\nbindaddr = {ports.LOOPBACK}\nport = {self.ami_port}\n\n"
                f"[lab-admin]\nsecret = {self.admin.secret}\nread = system\nwrite = all\n\n"
                f"[lab-recorder]\nsecret = {self.recorder.secret}\nread = all\nwrite = reporting\nwritetimeout = 30000\n"
                f"\n{self.manager_users()}"
            ),
        }

    def manager_users(self) -> str:
        """More of manager.conf."""
        return ""
