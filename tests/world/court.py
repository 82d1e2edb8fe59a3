"""Each call that was written, against the hours and the rules of its campaign. Asked at the end, when the store tells whose it was."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tests.world.desks import PREVIEW
from tests.world.law import PACKS, Made, Pack, awake, too_many
from tests.world.ledger import Sent
from tests.world.promises import Promise

#: In power mode, and by no choice of anybody's longer (16 CFR 310.4(b)(4)(iii)).
POWER_WAIT_S = 2


class Court:
    def __init__(self, world: Any) -> None:
        self._world, self._promises = world, world.oracle.promises

    def faults(self, campaigns: Mapping[str, int]) -> Iterator[str]:
        """`campaigns`: of each attempt that is stored."""
        made = self._made(campaigns)
        for sent in self._world.ledger.sent:
            if sent.attempt not in campaigns:
                continue
            promise = self._promises[campaigns[sent.attempt]]
            pack = PACKS.get(promise.plan.fields.get("rule_pack", ""))
            found = [self._hours(sent, promise), self._waits(sent, promise, pack), self._offered(sent, promise)]
            found.append(self._world.desks.rejected(sent, campaigns[sent.attempt]))
            if pack is not None:
                found += [self._sleeps(sent, pack), self._rules(sent, campaigns[sent.attempt], pack, made)]
            yield from (f"{sent.attempt} at {sent.at:.6f} for {sent.number}: {told}" for told in found if told)

    def _made(self, campaigns: Mapping[str, int]) -> dict[str, list[Made]]:
        """By number: what reached Asterisk, and of whose outcome the server can be certain."""
        found = defaultdict(list)
        begins, oracle = self._world.plan.begins, self._world.oracle
        for truth in self._world.pbx.truths.values():
            if truth.attempt in campaigns and not oracle.was_disturbed(truth.at, truth.over_at):
                over = None if truth.over_at is None else begins + timedelta(seconds=truth.over_at)
                at = begins + timedelta(seconds=truth.at)
                found[truth.number].append(Made(campaigns[truth.attempt], truth.number, at, truth.outcome, over))
        return found

    def _hours(self, sent: Sent, promise: Promise) -> str | None:
        hours = promise.plan.fields.get("execution")
        if hours is None or sent.at >= promise.lifted_at:
            return None
        clock = (self._world.plan.begins + timedelta(seconds=sent.at)).time()
        inside = hours.start <= clock < hours.end if hours.start < hours.end else not hours.end <= clock < hours.start
        return None if inside else f"I3 outside {hours.start} to {hours.end}"

    def _sleeps(self, sent: Sent, pack: Pack) -> str | None:
        now = self._world.plan.begins + timedelta(seconds=sent.at)
        return None if awake(sent.number, pack, now) else f"C9 outside the hours where it is, at {now}"

    def _rules(self, sent: Sent, campaign: int, pack: Pack, made: Mapping[str, list[Made]]) -> str | None:
        one = Made(campaign, sent.number, self._world.plan.begins + timedelta(seconds=sent.at), "", None)
        return too_many(pack, one, made.get(sent.number, []))

    def _offered(self, sent: Sent, promise: Promise) -> str | None:
        modes = promise.plan.fields.get("dialing_modes", ())
        return "C2 by itself, in preview mode" if modes == (PREVIEW,) and sent.queue != PREVIEW else None

    def _waits(self, sent: Sent, promise: Promise, pack: Pack | None) -> str | None:
        """The time for an agent, and the message when there was none."""
        allowed = [POWER_WAIT_S] if promise.plan.power else []
        allowed += [pack.waits_s] if pack and pack.waits_s else []
        waits_s = int(sent.variables["__DIAL_QUEUE_WAIT"])
        if allowed and waits_s > min(allowed):
            return f"D8 waits {waits_s} s for an agent, of {min(allowed)}"
        message = promise.plan.fields.get("abandoned_message", "")
        return None if sent.variables.get("DIAL_MESSAGE", "") == message else f"D8 without the message {message}"
