"""What a deploy would change for a campaign's contacts, in words."""

from dialer.operations.edits import Impact
from dialer.strategy.fields import OnEdit


def lines(impact: Impact) -> list[str]:
    """One for each group of contacts; nobody is left out, and who does not exist is not named."""
    if not impact.is_new:
        return ["It means the same as the present version: only the drawing changes, and nobody's next step."]
    told = []
    if impact.not_started:
        told.append(_not_started(impact))
    if impact.in_flight:
        told += _in_flight(impact)
    return told or ["No contact is in the strategy yet."]


def _not_started(impact: Impact) -> str:
    if impact.starting:
        return f"{_contacts(impact.not_started, 'has', 'have')} yet to start, and will on this version."
    return f"{_contacts(impact.not_started, 'has', 'have')} yet to start, and will on the version of before (after an edit: keep)."


def _in_flight(impact: Impact) -> list[str]:
    if impact.rule is not OnEdit.NEXT_STEP:
        finish = _contacts(impact.in_flight, "is on the way and finishes", "are on the way and finish")
        return [f"{finish} on the version of before."]
    changing = sum(impact.changing.values())
    told = []
    if changing:
        where = ", ".join(f"{number:,} at {node}" for node, number in sorted(impact.changing.items()))
        told.append(f"{_contacts(changing, 'changes its next step', 'change their next step')}: {where}.")
    if same := impact.in_flight - changing:
        told.append(
            f"{_contacts(same, 'is on the way and goes', 'are on the way and go')} on to the same next step as before."
        )
    return told


def _contacts(number: int, one: str, many: str) -> str:
    return f"1 contact {one}" if number == 1 else f"{number:,} contacts {many}"
