"""The number that joins the parts of a long text: counted per destination, so that two texts never mix."""

from collections import OrderedDict
from zlib import crc32


class References:
    """Counts 16 bits per destination, of which a header of 8 carries the low ones; remembers the last `limit` destinations.

    A destination begins at its own number, not at zero: after a restart, or once forgotten, it does not take up
    again a reference that every other sender of short counts has just used there.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._last: OrderedDict[str, int] = OrderedDict()

    def next(self, destination: str) -> int:
        last = self._last.pop(destination, crc32(destination.encode()))
        self._last[destination] = (last + 1) & 0xFFFF
        if len(self._last) > self._limit:
            self._last.popitem(last=False)
        return self._last[destination]
