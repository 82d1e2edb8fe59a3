"""What would become of a file's rows: the same counts as after the import, if nothing happens in between (K5)."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dialer.domain.contact import MOST_ADDRESSES
from dialer.domain.refusals import Reasons
from dialer.domain.said import Said
from dialer.intake.examine import Examined
from dialer.operations.context import Context
from dialer.operations.suppressed import LISTED, REMEDY, listed
from dialer.store import contacts

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What would become of the first `rows` rows (`complete`: of all). `reasons` are those of the refused ones.

    `notes` are why rows that are taken come without one of their addresses: nobody is called at a number that is none.
    """

    rows: int
    complete: bool
    created: int
    merged: int
    refused: int
    reasons: Sequence[Reasons]
    notes: Sequence[Reasons]


async def foreseen(ctx: Context, campaign_id: int, found: Examined) -> Counts:
    """Rows that share an address, in the file or with somebody who is there, end in one contact."""
    groups, barred = _Groups(), None
    taken = refused = 0
    for start in range(0, len(found.addresses), AT_ONCE):
        rows = found.addresses[start : start + AT_ONCE]
        wanted = {address for row in rows for address in row}
        async with ctx.db.read() as tx:
            out = await listed(tx, ctx.secret, campaign_id, wanted)
            owners = await contacts.owners(tx, wanted - out)
        for line, row in zip(found.lines[start:], rows, strict=False):
            left = [address for address in row if address not in out]
            if left:
                taken += 1
                groups.add(left, owners)
            else:
                refused += 1
                barred = barred or _barred(line, row)
        await asyncio.sleep(0)  # a call may be waiting
    created = await asyncio.to_thread(groups.new)
    return Counts(
        rows=found.counted,
        complete=found.counted == found.rows,
        created=created,
        merged=taken - created,
        refused=found.refused + refused,
        reasons=(*found.reasons, *([replace(barred, rows=refused)] if barred else [])),
        notes=found.notes,
    )


def _barred(line: int, row: Sequence[str]) -> Reasons:
    return Reasons(Said(LISTED, addresses="…"), REMEDY, 1, line, Said(LISTED, addresses=", ".join(row)))


class _Groups:
    """Which addresses end in one contact, those of people who are there among them."""

    def __init__(self) -> None:
        self._above: dict[str | int, str | int] = {}  # an address, or a contact's id, and another of its group
        self._size: Counter[str | int] = Counter()  # addresses of the group, at the one on top

    def add(self, row: Sequence[str], owners: Mapping[str, int]) -> None:
        """As `operations.contacts` merges a row: addresses that too many share are left out."""
        for address in row:
            if address in owners and address not in self._above:
                self._put(address, self._top(owners[address]))
        free = [address for address in row if address not in self._above]
        size, kept = len(free), list[str | int]()
        for top in sorted({self._top(address) for address in row if address not in free}, key=self._size.__getitem__):
            if size + self._size[top] <= MOST_ADDRESSES or not size:
                size += self._size[top]
                kept.append(top)
        for address in free:
            self._put(address, kept[0] if kept else self._top(free[0]))
        for top in kept[1:]:
            self._above[top] = kept[0]
            self._size[kept[0]] += self._size.pop(top)

    def _put(self, address: str, top: str | int) -> None:
        self._above[address] = top
        self._size[top] += 1

    def new(self) -> int:
        """Groups of nobody who is there."""
        there = {self._top(one) for one in self._above if isinstance(one, int)}
        return len({self._top(one) for one in self._above} - there)

    def _top(self, one: str | int) -> str | int:
        above = self._above
        while (up := above.setdefault(one, one)) != one:
            above[one] = one = above[up]
        return one
