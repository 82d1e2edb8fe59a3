"""What a push of contacts is answered, and what a program needs to know to push."""

from collections.abc import Sequence

from pydantic import RootModel

from admin.schemas.common import Out
from dialer.operations.pushes import Item


class PushedOut(Out):
    """What became of one contact: `created`, `merged` into one that was there, or `refused` for the `reason`."""

    index: int
    result: str
    contact_id: int | None
    reason: str | None
    notes: list[str]

    @classmethod
    def of(cls, index: int, item: Item) -> "PushedOut":
        return cls(
            index=index, result=item.result, contact_id=item.contact_id, reason=item.reason, notes=list(item.notes)
        )


class PushOut(Out):
    """A batch: how many of each, and every item in the order it came."""

    created: int
    merged: int
    refused: int
    items: list[PushedOut]


class AnsweredOut(RootModel[PushOut | PushedOut]):
    """Of a list every item, of a single contact that was merged what became of it."""


def counts(items: Sequence[Item]) -> dict[str, int]:
    return {result: sum(item.result == result for item in items) for result in ("created", "merged", "refused")}


class KeyOut(Out):
    """A campaign's own key, and where it is used."""

    key: str
    endpoint: str
