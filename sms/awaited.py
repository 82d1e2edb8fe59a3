"""Segments whose answer is awaited: each caller gets its result once, at the latest when nobody can answer any more."""

import asyncio

from dialer.domain.said import marked
from sms.submission import SubmitResult, Unknown

_GRACE_S = 5.0  # beyond the session's own response timeout, which is what ends a submission


class Awaited:
    """`response_timeout_s` is the session's."""

    def __init__(self, response_timeout_s: float) -> None:
        self._overdue_s = response_timeout_s + _GRACE_S
        self._open: dict[str, tuple[asyncio.Future[SubmitResult], asyncio.TimerHandle]] = {}

    @property
    def open(self) -> list["asyncio.Future[SubmitResult]"]:
        """Answers that somebody waits for."""
        return [answer for answer, _ in self._open.values() if not answer.done()]

    def check_free(self, ref: str) -> None:
        """Raises ValueError for one that is awaited."""
        if ref in self._open and not self._open[ref][0].done():
            raise ValueError(f"{ref} is in flight already")

    def add(self, ref: str, answer: "asyncio.Future[SubmitResult]") -> None:
        """`answer` gets the result of `resolve`."""
        self._forget(ref)
        overdue = answer.get_loop().call_later(self._overdue_s, self.resolve, ref, Unknown(marked("no answer")))
        self._open[ref] = answer, overdue

    def resolve(self, ref: str, result: SubmitResult) -> bool:
        """Give the waiting caller its result; False when nobody waits."""
        answer = self._forget(ref)
        if answer is None or answer.done():
            return False
        answer.set_result(result)
        return True

    def _forget(self, ref: str) -> "asyncio.Future[SubmitResult] | None":
        answer, overdue = self._open.pop(ref, (None, None))
        if overdue is not None:
            overdue.cancel()
        return answer
