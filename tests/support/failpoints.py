"""`dialer` as its users run it, but for one thing: it kills itself (`kill -9`) when it comes to a point for the n-th time.

`FAILPOINT="call-intent:before 3" python -m tests.support.failpoints serve`. The product has no such points: what stands
around a commit or a write is wrapped here, before its own `main` runs.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

from dialer import cli
from dialer.ami.connection import Connection
from dialer.ami.link import AmiLink
from dialer.ami.originate import Accepted, Action, Answer, OriginateCall
from dialer.engine.feeds import Feeds
from dialer.operations import attempts, messages
from dialer.store.database import Database
from dialer.web.client import Answer as WebAnswer
from dialer.web.client import Outgoing, WebClient
from sms.gateway import Gateway
from sms.link import Link
from sms.submission import OutgoingPart, SubmitResult

ENVIRONMENT = "FAILPOINT"
# Each has a moment `:before` its transaction is committed, with all its statements done, and one `:after`.
COMMITS: dict[Callable[..., Any], str] = {
    Feeds._claim: "claim",
    attempts.intend: "call-intent",
    attempts.record: "call-outcome",
    messages.intend: "text-intent",
    messages.record: "text-answer",
    messages.receipt: "text-receipt",
}
# `:before` a byte is written; `:after` all are, and no answer was read; and the answer is there, but nobody heard of it.
CALL_WRITES = ("call-write:before", "call-write:after", "call-accepted")
TEXT_WRITES = ("text-write:before", "text-write:after", "text-accepted")
COMMIT_POINTS = tuple(f"{name}:{side}" for name in COMMITS.values() for side in ("before", "after"))
POINTS = (*COMMIT_POINTS, *CALL_WRITES, *TEXT_WRITES)
# Of requests to the outside: written to the store and not sent yet; answered, and the answer not recorded.
WEB_POINTS = ("web-send:before", "web-send:after")


class Fuse:
    """Counts how often its point was reached, and kills the process at the n-th time."""

    def __init__(self, point: str, times: int) -> None:
        if point not in (*POINTS, *WEB_POINTS):
            raise ValueError(f"{point!r} is no point; there are {', '.join((*POINTS, *WEB_POINTS))}")
        self._point, self._left = point, times

    def reached(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def lay(fuse: Fuse) -> None:
    """Wrap everything that has a point."""
    _around_commits(fuse)
    _around_calls(fuse)
    _around_texts(fuse)
    _around_the_web(fuse)


def _around_commits(fuse: Fuse) -> None:
    transact = Database.transact
    names = {f"{made.__module__}.{made.__qualname__}.<locals>.work": name for made, name in COMMITS.items()}

    async def wrapped(self: Database, work: Any, **how: Any) -> Any:
        name = names.get(f"{work.__module__}.{getattr(work, '__qualname__', '')}")
        if name is None:
            return await transact(self, work, **how)

        async def until_commit(tx: Any) -> Any:
            result = await work(tx)
            if _did_something(result):
                fuse.reached(f"{name}:before")
            return result

        result = await transact(self, until_commit, **how)
        if _did_something(result):
            fuse.reached(f"{name}:after")
        return result

    Database.transact = wrapped  # type: ignore[method-assign, assignment]


def _did_something(result: Any) -> bool:
    """Of a claim: (requests, when to look again); of the others: what was written, or whether anything was."""
    return bool(result[0] if isinstance(result, tuple) else result)


def _around_calls(fuse: Fuse) -> None:
    originate, send = AmiLink.originate, Connection.send

    async def originate_wrapped(self: AmiLink, call: OriginateCall) -> Answer:
        fuse.reached("call-write:before")
        answer = await originate(self, call)
        if isinstance(answer, Accepted):
            fuse.reached("call-accepted")
        return answer

    def send_wrapped(self: Connection, action: Action, **how: Any) -> Any:
        sent = send(self, action, **how)
        if action["Action"] == "Originate":
            _once_written(fuse, "call-write:after")
        return sent

    AmiLink.originate = originate_wrapped  # type: ignore[method-assign]
    Connection.send = send_wrapped  # type: ignore[method-assign]


def _around_texts(fuse: Fuse) -> None:
    send, submit = Gateway.submit, Link.submit

    def send_wrapped(self: Gateway, part: OutgoingPart) -> "asyncio.Future[SubmitResult]":
        fuse.reached("text-write:before")
        answer = send(self, part)
        answer.add_done_callback(lambda _: fuse.reached("text-accepted"))  # before whoever waits for it goes on
        return answer

    def submit_wrapped(self: Link, *what: Any) -> None:
        submit(self, *what)
        _once_written(fuse, "text-write:after")

    Gateway.submit = send_wrapped  # type: ignore[method-assign]
    Link.submit = submit_wrapped  # type: ignore[method-assign]


def _around_the_web(fuse: Fuse) -> None:
    send = WebClient.send

    async def send_wrapped(self: WebClient, outgoing: Outgoing, at: int) -> WebAnswer:
        fuse.reached("web-send:before")
        answer = await send(self, outgoing, at)
        fuse.reached("web-send:after")
        return answer

    WebClient.send = send_wrapped  # type: ignore[method-assign]


def _once_written(fuse: Fuse, point: str) -> None:
    """uvloop writes at the end of the loop's round, and reads no sooner than in the next."""
    asyncio.get_running_loop().call_soon(fuse.reached, point)


def _fuse() -> Fuse | None:
    point, _, times = os.environ.get(ENVIRONMENT, "").partition(" ")
    return Fuse(point, int(times or 1)) if point else None


def main() -> None:
    if fuse := _fuse():
        lay(fuse)
    cli.main()


if __name__ == "__main__":
    main()
