"""The reducer against streams that a real Asterisk sent: as they came, late, doubled and with losses, against its QueueStatus."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.ami.parse import live_state, parse
from dialer.domain.agents import Agents
from dialer.domain.members import NotFree
from tests.support.recording import Headers, Told, load

RECORDING = load()
#: Of two streams one may overtake the other by so much; nothing moves for longer than that around a QueueStatus.
LATE_S = 0.05
IDLE = {"0", "1"}
LOOKS = [number for number, told in enumerate(RECORDING.told) if told.rows is not None]

Arrival = tuple[datetime, Told]


@dataclass(frozen=True)
class Truth:
    """What QueueStatus says, read without the dialer's code. `last_queue`: of each agent's last caller."""

    at: datetime
    rows: tuple[Headers, ...]
    last_queue: Mapping[str, str]

    @property
    def queues(self) -> set[str]:
        return {row["Queue"] for row in self.rows if row["Event"] == "QueueParams"}

    def seats(self, agent: str) -> dict[str, Headers]:
        return {row["Queue"]: row for row in self._members() if row["Location"] == agent}

    def members(self, queue: str) -> dict[str, tuple[str, bool]]:
        """Status and pause by agent."""
        return {
            row["Location"]: (row["Status"], row["Paused"] == "1") for row in self._members() if row["Queue"] == queue
        }

    def callers(self, queue: str) -> set[str]:
        return {row["Uniqueid"] for row in self.rows if row["Event"] == "QueueEntry" and row["Queue"] == queue}

    def free(self, queue: str) -> set[str]:
        return {agent for agent in self.members(queue) if self._is_free(agent, queue)}

    def wrapping_at_most(self, *, own: bool) -> set[str]:
        """Who would be in wrap-up if its last caller had come from any queue; `own`: also those who have their own."""
        longest = max(RECORDING.wrap_up_s.values())
        return {
            row["Location"]
            for row in self._members()
            if own or row["Wrapuptime"] == "0"
            if int(row["LastCall"]) + (int(row["Wrapuptime"]) or longest) > self.at.timestamp()
        }

    def _members(self) -> Iterator[Headers]:
        return (row for row in self.rows if row["Event"] == "QueueMember")

    def _is_free(self, agent: str, queue: str) -> bool:
        seats, last = self.seats(agent), self.last_queue.get(agent, "")
        idle = all(seat["Status"] in IDLE for seat in seats.values())
        concerned = [seats[one] for one in {queue, last} & seats.keys()]
        wrapped = all(self._wrapped_up_at(seat, last) <= self.at.timestamp() for seat in concerned)
        return idle and seats[queue]["Paused"] == "0" and wrapped

    @staticmethod
    def _wrapped_up_at(seat: Headers, last_queue: str) -> int:
        last_call, own = int(seat["LastCall"]), int(seat["Wrapuptime"])
        return last_call + (own or RECORDING.wrap_up_s[last_queue or seat["Queue"]]) if last_call else 0


@cache
def truth(number: int) -> Truth:
    """That of the QueueStatus with this number in the recording."""
    told = RECORDING.told[number]
    connects = (one.headers for one in RECORDING.told[:number] if one.headers.get("Event") == "AgentConnect")
    assert told.rows is not None
    return Truth(told.at, told.rows, {one["Interface"]: one["Queue"] for one in connects})


def resync(agents: Agents, number: int) -> None:
    told = RECORDING.told[number]
    assert told.rows is not None
    agents.resync(live_state(told.rows, (), uptime_s=600, clock_offset_s=0.0), told.at)


def deliver(agents: Agents, arrivals: Iterable[Arrival]) -> None:
    for at, told in arrivals:
        if event := parse(told.headers):
            agents.apply(event, at)


def in_order(told: Iterable[Told]) -> list[Arrival]:
    return [(one.at, one) for one in told if one.rows is None]


def disturbed(told: Iterable[Told], chance: random.Random, *, twice: float, lost: float = 0.0) -> list[Arrival]:
    """Each stream keeps its order, and streams overtake each other; some events come twice, or not at all."""
    arrivals: list[Arrival] = []
    last: dict[str, datetime] = {}
    for at, one in in_order(told):
        due = max(at + timedelta(seconds=chance.uniform(0, LATE_S)), last.get(one.stream, at))
        last[one.stream] = due
        arrivals += [(due, one)] * ((1 + (chance.random() < twice)) * (chance.random() >= lost))
    return sorted(arrivals, key=lambda arrival: arrival[0])


def compare(agents: Agents, number: int, *, resynced: bool) -> None:
    """With what is true there. After a resync it may not know which queue's wrap-up counts, and waits for the longest."""
    true = truth(number)
    for queue in true.queues:
        seen = agents.snapshot(queue, true.at)
        seated = {one.interface: one for one in seen.members if NotFree.NOT_LOGGED_IN not in one.reasons}
        told = {name: (str(int(one.status)), NotFree.PAUSED in one.reasons) for name, one in seated.items()}
        assert told == true.members(queue), (number, queue)
        assert seen.callers_waiting == len(true.callers(queue)), (number, queue)
        free = agents.free(queue, true.at)
        assert seen.free == len(free)
        early, late = free - true.free(queue), true.free(queue) - free
        assert early <= (true.wrapping_at_most(own=False) if resynced else set()), (number, queue, early)
        assert late <= (true.wrapping_at_most(own=True) if resynced else set()), (number, queue, late)


def test_the_recording_has_in_it_what_happens_in_queues() -> None:
    names = {told.headers.get("Event") for told in RECORDING.told}
    assert names >= {
        "AgentCalled", "AgentComplete", "AgentConnect", "AgentRingNoAnswer", "Hangup", "QueueCallerAbandon", "QueueCallerJoin",
        "QueueCallerLeave", "QueueMemberAdded", "QueueMemberPause", "QueueMemberPenalty", "QueueMemberRemoved",
        "QueueMemberRinginuse", "QueueMemberStatus",
    }  # fmt: skip
    truths = [truth(number) for number in LOOKS]
    assert sum(bool(true.callers(queue)) for true in truths for queue in true.queues) > 5
    assert sum(bool(true.wrapping_at_most(own=True)) for true in truths) > 5
    statuses = {status for true in truths for queue in true.queues for status, _ in true.members(queue).values()}
    assert statuses >= {"1", "2", "5", "6"}, "at rest, in a call, out of reach, and rung"


@pytest.mark.req("D1", "D5")
def test_as_it_was_recorded_the_reducer_knows_what_asterisk_knows() -> None:
    agents = Agents(RECORDING.wrap_up_s)
    resync(agents, LOOKS[0])
    for before, number in pairwise(LOOKS):
        deliver(agents, in_order(RECORDING.told[before:number]))
        compare(agents, number, resynced=False)


@pytest.mark.req("D1", "D5")
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((0.0, 0.3, 1.0)), st.integers(0, len(LOOKS) - 2))
def test_late_and_doubled_events_change_nothing_in_the_end(seed: int, twice: float, first: int) -> None:
    agents, chance = Agents(RECORDING.wrap_up_s), random.Random(seed)
    resync(agents, LOOKS[first])
    for before, number in pairwise(LOOKS[first:]):
        deliver(agents, disturbed(RECORDING.told[before:number], chance, twice=twice))
        compare(agents, number, resynced=first > 0)


@pytest.mark.req("D1", "D5")
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.data())
def test_after_losses_the_next_resync_sets_it_right(seed: int, noticed: bool, data: st.DataObject) -> None:
    """`noticed`: the link was down, and all was lost; else a few events never came, and nobody knew."""
    begins = data.draw(st.integers(0, len(LOOKS) - 2), label="begins")
    ends = data.draw(st.integers(begins + 1, min(begins + 8, len(LOOKS) - 1)), label="ends")
    agents, chance = Agents(RECORDING.wrap_up_s), random.Random(seed)
    resync(agents, LOOKS[0])
    deliver(agents, disturbed(RECORDING.told[LOOKS[0] : LOOKS[begins]], chance, twice=0.2))
    if noticed:
        agents.forget()
        assert not any(agents.free(queue, truth(LOOKS[begins]).at) for queue in RECORDING.wrap_up_s)
    else:
        deliver(agents, disturbed(RECORDING.told[LOOKS[begins] : LOOKS[ends]], chance, twice=0.2, lost=0.2))
    resync(agents, LOOKS[ends])
    compare(agents, LOOKS[ends], resynced=True)
    for before, number in pairwise(LOOKS[ends:]):
        deliver(agents, disturbed(RECORDING.told[before:number], chance, twice=0.2))
        compare(agents, number, resynced=True)
