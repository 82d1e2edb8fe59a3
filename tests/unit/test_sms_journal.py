"""What a gateway keeps of what happened: bounded, and right about rates."""

from sms.journal import KEPT, MOST_CODES, Journal, Kind
from sms.status import QUEUE_FULL, THROTTLED, status


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_counts_whole_seconds_and_forgets_old_ones() -> None:
    clock = Clock()
    journal = Journal(clock)
    for second in range(20):
        clock.now = 1000.5 + second
        for _ in range(5):
            journal.accepted()
    clock.now = 1020.0
    assert journal.rate(10) == 5.0
    assert journal.rate(60) == 100 / 60
    clock.now = 1200.0
    assert journal.rate(60) == 0.0


def test_what_is_alike_in_a_row_is_one_event_and_only_the_last_are_kept() -> None:
    clock = Clock()
    journal = Journal(clock)
    journal.note(Kind.CLOSED, "no connection")
    clock.now += 60
    journal.note(Kind.CLOSED, "no connection")
    (only,) = journal.events
    assert (only.times, only.at) == (2, 1060.0)
    for number in range(2 * KEPT):
        journal.note(Kind.IGNORED, str(number))
    assert len(journal.events) == KEPT
    assert journal.events[0].detail == str(2 * KEPT - 1)


def test_refusals_are_counted_by_code_and_bounded() -> None:
    journal = Journal(Clock())
    for code in (THROTTLED, QUEUE_FULL, THROTTLED):
        journal.refused(status(code))
    assert [(one.status.name, one.number) for one in journal.refusals] == [("ESME_RTHROTTLED", 2), ("ESME_RMSGQFUL", 1)]
    assert journal.events[0].detail == "ESME_RTHROTTLED, more messages than the account allows"
    for code in range(0x400, 0x400 + 2 * MOST_CODES):
        journal.refused(status(code))
    assert len(journal.refusals) == MOST_CODES
