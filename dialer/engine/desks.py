"""Agents on the agent page: who is there, with which telephone, ready or not. In memory: after a restart nobody is ready."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.said import Said, marked
from dialer.operations import previews
from dialer.operations.context import Context

#: The page, or a program, shows a sign of life more often.
PRESENT = timedelta(seconds=15)


@dataclass(slots=True)
class Desk:
    """`told` is what the agent should know: why it is not ready any more, or why an accepted call did not start."""

    user: str
    agent: str = ""  # the interface of a queue member
    ready: bool = False
    since: datetime | None = None  # waits for an offer since then
    seen_at: datetime | None = None
    missed: int = 0  # offers in a row without an answer
    told: str = ""

    def present(self, now: datetime) -> bool:
        return self.ready and self.seen_at is not None and now - self.seen_at < PRESENT


@dataclass
class Desks:
    ctx: Context
    _desks: dict[str, Desk] = field(default_factory=dict)  # by user

    async def of(self, user: str, *, seen: bool = True) -> Desk:
        """The user's desk, with the telephone that was chosen last; being `seen` is a sign of life."""
        if user not in self._desks:
            self._desks.setdefault(user, Desk(user, await previews.agent_of(self.ctx, user) or ""))
        desk = self._desks[user]
        if seen:
            desk.seen_at = self.ctx.clock()
        return desk

    async def choose(self, desk: Desk, agent: str, known: frozenset[str]) -> None:
        """Empty: none any more. Raises `InvalidInput` for an agent that Asterisk does not report."""
        if agent == desk.agent:
            return
        if agent and agent not in known:
            names = ", ".join(sorted(known)[:20]) or "none while the link to Asterisk is down"
            raise InvalidInput.single(
                "agent", "no queue has a member %(agent)s; there are: %(names)s", agent=shown(agent), names=names
            )
        desk.agent, desk.ready = agent, False
        await previews.set_agent(self.ctx, desk.user, agent)

    def get_ready(self, desk: Desk, *, ready: bool) -> None:
        """Raises `InvalidInput` without a telephone, or with one that another user is ready with."""
        now = self.ctx.clock()
        if ready and not desk.agent:
            raise InvalidInput.single("agent", "choose your telephone first")
        if ready and any(one.agent == desk.agent and one.present(now) for one in self if one is not desk):
            raise InvalidInput.single(
                "agent", "somebody else is ready as %(agent)s: take your own telephone", agent=shown(desk.agent)
            )
        if ready != desk.ready:
            desk.since = now
        desk.ready, desk.missed, desk.told = ready, 0, ""

    def missed(self, desk: Desk, most: int, why: str) -> None:
        """An offer without an answer: after so many in a row the agent is taken to be away."""
        desk.missed += 1
        desk.told = why
        if desk.missed >= most:
            desk.ready = False
            told = marked("%(what)s You are not ready any more, after %(number)s in a row.")
            desk.told = Said(told, what=Said(why), number=desk.missed)

    def __iter__(self) -> Iterator[Desk]:
        return iter(self._desks.values())
