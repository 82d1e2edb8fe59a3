"""A list as its page shows it: what the address asks for, the rows, and the addresses of other views of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from admin.language import _, figure
from admin.pages import words
from dialer.domain.errors import InvalidInput
from dialer.store.listing import Query

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; `status` is one of a state's words, `source` a source's number, or empty for all."""

    path: str
    sort: str
    q: str
    status: str
    limit: int
    cursor: str
    filters: tuple[str, ...] = ()  # `FIELD:OP:VALUE`
    source: str = ""
    exact: bool = False  # count them all, however long it takes

    def query(self) -> Query:
        chosen = (("status", self.status), ("source", self.source))
        filters = (*self.filters, *(f"{name}:eq:{value}" for name, value in chosen if value))
        return Query(self.limit, self.cursor or None, self.sort, self.q or None, filters, exact=self.exact)


@dataclass(frozen=True, slots=True)
class ListView:
    wanted: Wanted
    items: Sequence[Mapping[str, Any]]
    total: int
    next_cursor: str | None
    total_is_exact: bool = True
    unindexed: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)  # of custom fields
    sources: Mapping[str, str] = field(default_factory=dict)  # what they are called, by number

    @property
    def filters(self) -> Sequence[tuple[str, str]]:
        """Each condition in words, with the address of the same list without it."""
        mine = self.wanted.filters
        return [
            (words.condition(one, self.labels, self.sources), self.link(filters=[*mine[:n], *mine[n + 1 :]], cursor=""))
            for n, one in enumerate(mine)
        ]

    @property
    def number(self) -> str:
        """How many there are, as people write it: `1,234`, or `1,000+` where not all were counted."""
        return f"{figure(self.total)}{'' if self.total_is_exact else '+'}"

    @property
    def given(self) -> Sequence[str]:
        return self.wanted.filters

    @property
    def sort(self) -> str:
        return self.wanted.sort

    @property
    def q(self) -> str:
        return self.wanted.q

    @property
    def status(self) -> str:
        return self.wanted.status

    @property
    def source(self) -> str:
        return self.wanted.source

    @property
    def limit(self) -> int:
        return self.wanted.limit

    @property
    def cursor(self) -> str:
        return self.wanted.cursor

    def link(self, **changes: Any) -> str:
        """The same list with something changed: `link(sort='-id', cursor='')`."""
        now = {name: getattr(self.wanted, name) for name in ("sort", "q", "status", "source", "limit", "cursor")}
        wanted = {name: value for name, value in {**now, **changes}.items() if value not in ("", None)}
        conditions = [("filter", one) for one in wanted.pop("filters", self.wanted.filters)]
        return f"{self.wanted.path}?{urlencode([*wanted.items(), *conditions])}"

    @property
    def export(self) -> str:
        """The address of all rows that it would show, as a file."""
        query = self.wanted.query()
        given = [("sort", query.sort), ("q", query.q), *(("filter", one) for one in query.filters)]
        return f"/api/v1{self.wanted.path}/export.csv?{urlencode([one for one in given if one[1]])}"


def wanted(request: web.Request, default_sort: str) -> Wanted:
    """Raises `InvalidInput` for a page length that is no number."""
    limit = request.query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdigit() or len(limit) > 3:  # noqa: PLR2004  (at most 100)
        raise InvalidInput.single("limit", _("should be 10, 50 or 100"))
    return Wanted(
        path=request.path,
        sort=request.query.get("sort") or default_sort,
        q=request.query.get("q", "").strip(),
        status=request.query.get("status", ""),
        source=request.query.get("source", ""),
        exact=request.query.get("count") == "exact",
        limit=int(limit),
        cursor=request.query.get("cursor", ""),
        filters=tuple(_conditions(request)),
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """One that was just put together from a field, an operator and a value; `faults` is why it can't be looked for."""

    name: str = ""
    op: str = "contains"
    value: str = ""
    faults: Sequence[str] = ()


def typed(request: web.Request) -> Condition | None:
    name, op = request.query.get("field", "").strip(), request.query.get("op", "")
    return Condition(name, op, request.query.get("value", "").strip()) if name and op else None


def _conditions(request: web.Request) -> Iterator[str]:
    """Those of the address, then the one that was just put together."""
    yield from filter(None, request.query.getall("filter", []))
    if new := typed(request):
        yield f"{new.name}:{new.op}:{new.value}"
