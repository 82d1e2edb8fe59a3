"""A campaign's life with random events, by the real operations on a real store; the process may be a new one at any moment."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from dialer.domain.contact import Address, NewContact
from dialer.domain.errors import DomainError
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import attempts, campaigns, deploying, do_not_contact, messages, people, replies, webhooks
from dialer.operations.attempts import Intent
from dialer.operations.deploying import Drawn
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.message_rows import ReceiptNews, TextIntent
from dialer.operations.people import Edit
from dialer.operations.webhooks import Answered
from dialer.store import requests
from dialer.store.database import Database
from dialer.store.requests import ContactRequest
from dialer.store.tables import enrollment, metadata
from dialer.strategy.model import Strategy
from sms.receipt import Reply
from tests.support import builders
from tests.support.context import bench as make_bench
from tests.support.databases import opened

TEXT_ENDS = (
    MessageStatus.SUBMITTED, MessageStatus.DELIVERED, MessageStatus.SUBMITTED, MessageStatus.REJECTED, MessageStatus.FAILED,
    MessageStatus.LOST,
)  # fmt: skip
RECEIPTS = (MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.EXPIRED)
#: What may happen, those first that bring contacts on. Each is told with a number, which picks one of what is there.
EVENTS = (
    "work", "end", "work", "end", "work", "end", "end", "soon", "soon", "time", "receipt", "publish", "unpublish", "load",
    "edit", "renumber", "bar", "deploy", "join", "withdraw", "refuse", "crash", "erase", "expire", "finish", "reply", "reply",
)  # fmt: skip


#: After these the engine looks at campaigns: who enters, waits no more, is stopped or queued again.
BELLS = frozenset(
    {"time", "soon", "publish", "unpublish", "load", "join", "deploy", "withdraw", "crash", "expire", "finish"}
)


class Home:
    """A database that one life after the other has for itself."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self._open = AsyncExitStack()
        self.db: Database

    async def connect(self) -> None:
        """As a new process does."""
        await self._open.aclose()
        self.db = await self._open.enter_async_context(opened(self.url))

    async def empty(self) -> None:
        async with self.db.write() as tx:
            for table in reversed(metadata.sorted_tables):
                await tx.execute(table.delete())
            await tx.execute(text("DELETE FROM sqlite_sequence"))

    async def close(self) -> None:
        await self._open.aclose()


class Life:
    """One campaign with some contacts, in an empty home. `tell` it an event of `EVENTS` and a number."""

    def __init__(self, home: Home, strategies: tuple[Strategy, Strategy], values: tuple[str, str]) -> None:
        self.home, self.strategies, self.values = home, strategies, values
        self.bench = make_bench(home.db, home.folder)
        self.claimed: list[ContactRequest] = []
        self.calls: list[Intent] = []
        self.texts: list[TextIntent] = []
        self.accepted: list[str] = []
        self.hooks: list[ContactRequest] = []
        self.people = self.made = self.campaign_id = 0

    async def begin(self) -> None:
        self.campaign_id = await builders.add_campaign(self.bench)
        await self._deploy(0)
        for _ in range(3):
            await self._load(0)
        await campaigns.publish(self.bench.ctx, self.campaign_id)
        await self.settle()

    async def new_process(self, *, connects: bool) -> None:
        """Nothing that a process had in its memory is there any more; calls, texts and webhooks go on."""
        if connects:
            await self.home.connect()
        clock = self.bench.clock
        self.bench = make_bench(self.home.db, self.home.folder)
        self.bench.ctx.clock = self.bench.clock = clock

    async def tell(self, event: str, number: int) -> None:
        """Nothing if it can't happen now."""
        try:
            await self._events[event](self, number)
        except DomainError:  # not in this state of the campaign, or of the contact
            return
        if event in BELLS:
            await self.settle()

    async def settle(self) -> None:
        await builders.settle(self.bench, self.campaign_id)

    def _id(self) -> str:
        """The same in the same life."""
        self.made += 1
        return f"{self.made:026d}"

    async def _work(self, _number: int) -> None:
        """Whatever is due is claimed and committed; now and then a claim is just held."""
        bench, campaign_id = self.bench, self.campaign_id
        for channel in ("call", "sms", "webhook"):
            self.claimed += await builders.claim(bench, campaign_id, channel)
        while self.claimed:
            await self._commit(self.claimed.pop())

    async def _commit(self, request: ContactRequest) -> None:
        ctx = self.bench.ctx
        if request.channel == "call":
            intent = Intent(self._id(), request, "carrier", "sales")
            self.calls += [intent] if await attempts.intend(ctx, [intent]) else []
        elif request.channel == "sms":
            one = TextIntent(self._id(), request, "texter", "", request.payload["text"], "gsm7", 1)
            self.texts += [one] if await messages.intend(ctx, [one]) else []
        elif going := await webhooks.intend(ctx, request):
            self.hooks.append(going)

    async def _end(self, number: int) -> None:
        """One call, one text and one webhook come to their ends."""
        if self.calls:
            call = self.calls.pop(number % len(self.calls))
            await builders.end_call(self.bench, call.attempt_id, list(Outcome)[number % len(Outcome)])
        if self.texts:
            sent = self.texts.pop(number % len(self.texts))
            self.accepted.append(sent.message_id)
            await builders.answer_text(self.bench, sent.message_id, TEXT_ENDS[number % len(TEXT_ENDS)])
        if self.hooks:
            answer = (Answered(ok=True, status=200, text=f"a{number}"), Answered(ok=False, status=500, text="500"))
            await webhooks.record(self.bench.ctx, self.hooks.pop(number % len(self.hooks)), answer[number % 2])

    async def _receipt(self, number: int) -> None:
        if self.accepted:
            name = f"smsc-{self.accepted[number % len(self.accepted)]}"
            news = ReceiptNews("texter", [name], "", RECEIPTS[number % len(RECEIPTS)], None)
            await messages.receipt(self.bench.ctx, [news])

    async def _withdraw(self, _number: int) -> None:
        if self.calls:
            await attempts.withdraw(self.bench.ctx, self.calls.pop(), "it never left")
        if self.texts:
            await messages.withdraw(self.bench.ctx, self.texts.pop(), "it never left")

    async def _refuse(self, _number: int) -> None:
        for request in await builders.claim(self.bench, self.campaign_id, "call"):
            await attempts.refuse(self.bench.ctx, request, "no number")
        for request in await builders.claim(self.bench, self.campaign_id, "sms"):
            await messages.refuse(self.bench.ctx, request, "too long")

    async def _crash(self, _number: int) -> None:
        """The process dies with what it had claimed; texts and webhooks under way were never answered."""
        ctx = self.bench.ctx
        async with ctx.db.write() as tx:
            await requests.release_expired(tx, ctx.clock(), own_node=ctx.settings.node)
        await messages.lose_unanswered(ctx)
        await webhooks.take_back(ctx, own=True)
        self.accepted += [sent.message_id for sent in self.texts]
        self.claimed, self.texts, self.hooks = [], [], []

    async def _time(self, number: int) -> None:
        self.bench.clock.advance(minutes=(0, 1, 10, 60, 600, 3000)[number % 6])

    async def _soon(self, _number: int) -> None:
        """The next moment at which anything is due."""
        now = self.bench.clock()
        async with self.bench.ctx.db.read() as tx:
            due = await tx.scalar(select(func.min(enrollment.c.due_at)).where(enrollment.c.due_at > now))
        if due is not None:
            self.bench.clock.now = due

    async def _load(self, _number: int) -> None:
        self.people += 1
        numbers = [self.people, 100 + self.people][: 1 + self.people % 2]
        addresses = tuple(Address(builders.number(one), voice=one != 2, sms=True) for one in numbers)
        fields: dict[str, Any] = {"time_zone": ("Europe/Berlin", "Asia/Kathmandu", None)[self.people % 3]}
        new = NewContact(first_name=f"P{self.people}", addresses=addresses, attributes={"a": self.values[0]}, **fields)
        await builders.load(self.bench, self.campaign_id, [new])

    async def _join(self, number: int) -> None:
        """A row with the numbers of two people, who are one then."""
        both = tuple(Address(builders.number(1 + n % self.people), voice=True, sms=True) for n in (number, number + 1))
        await builders.load(self.bench, self.campaign_id, [NewContact(first_name="", addresses=both)])

    async def _edit(self, number: int) -> None:
        wanted = Edit(attributes={"a": (self.values[1], None)[number % 2]}, named={"time_zone": "America/New_York"})
        await people.edit(self.bench.ctx, 1 + number % self.people, wanted, by="tester")

    async def _renumber(self, number: int) -> None:
        channel = ("mobile", "email")[number % 2]
        address = ("p@x.example", builders.number(200 + number))[channel == "mobile"]
        await people.edit(self.bench.ctx, 1 + number % self.people, Edit(addresses=[(channel, address)]), by="tester")

    async def _bar(self, number: int) -> None:
        await do_not_contact.add(self.bench.ctx, [NewEntry(builders.number(1 + number % self.people))])

    async def _reply(self, number: int) -> None:
        """One person sends a text, rarely to be left alone."""
        said = f"r{number % 4}" if number else "stop"
        digits = builders.number(1 + number % self.people).removeprefix("+")
        await replies.take_in(self.bench.ctx, "texter", Reply(digits, "us", said.encode()))

    async def _erase(self, number: int) -> None:
        await people.erase(self.bench.ctx, 1 + number % self.people, by="tester")

    async def _deploy(self, number: int) -> None:
        drawn = Drawn(self.strategies[number % 2], None)
        await deploying.put(self.bench.ctx, self.campaign_id, lambda _known, _before: drawn)

    async def _publish(self, _number: int) -> None:
        await campaigns.publish(self.bench.ctx, self.campaign_id)

    async def _unpublish(self, _number: int) -> None:
        await campaigns.unpublish(self.bench.ctx, self.campaign_id)

    async def _expire(self, number: int) -> None:
        until = self.bench.clock() + timedelta(minutes=1)
        validity = campaigns.Validity(until=until) if number % 2 else campaigns.Validity()
        await campaigns.edit(self.bench.ctx, self.campaign_id, {"validity": validity})
        self.bench.clock.advance(minutes=1)

    async def _finish(self, number: int) -> None:
        """Rarely, as nothing comes after it."""
        if number == 0:
            await campaigns.end(self.bench.ctx, self.campaign_id)

    _events: Mapping[str, Callable[["Life", int], Awaitable[None]]] = {
        "work": _work, "end": _end, "time": _time, "soon": _soon, "receipt": _receipt, "publish": _publish,
        "unpublish": _unpublish, "load": _load, "edit": _edit, "renumber": _renumber, "bar": _bar, "deploy": _deploy,
        "join": _join, "withdraw": _withdraw, "refuse": _refuse, "crash": _crash, "erase": _erase, "expire": _expire,
        "finish": _finish, "reply": _reply,
    }  # fmt: skip
