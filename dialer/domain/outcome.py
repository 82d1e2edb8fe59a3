"""What became of an attempt: the outcomes of requirement D4."""

from enum import StrEnum


class Outcome(StrEnum):
    """What the machine saw of one call. What the agent says of it is a disposition, not an outcome."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    MACHINE = "machine"
    FAILED = "failed"
    LOST = "lost"

    @property
    def reached(self) -> bool:
        """A person (or a machine) took the call."""
        return self in {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.MACHINE}

    @property
    def retryable(self) -> bool:
        """Trying again may help. `lost` is not among them: whether the person was called is unknown (rule 10)."""
        return self in {Outcome.NO_ANSWER, Outcome.BUSY, Outcome.CONGESTION, Outcome.REJECTED, Outcome.FAILED}
