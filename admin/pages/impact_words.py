"""What a deploy would change for a campaign's contacts, in words."""

from admin.language import _, figure, ngettext
from dialer.operations.edits import Impact
from dialer.strategy.fields import OnEdit


def lines(impact: Impact) -> list[str]:
    """One for each group of contacts; nobody is left out, and who does not exist is not named."""
    if not impact.is_new:
        return [_("It means the same as the present version: only the drawing changes, and nobody's next step.")]
    told = []
    if impact.not_started:
        told.append(_not_started(impact))
    if impact.in_flight:
        told += _in_flight(impact)
    return told or [_("No contact is in the strategy yet.")]


def _not_started(impact: Impact) -> str:
    if impact.starting:
        return ngettext(
            "%(num)s contact has yet to start, and will on this version.",
            "%(num)s contacts have yet to start, and will on this version.",
            impact.not_started,
        )
    return ngettext(
        "%(num)s contact has yet to start, and will on the version of before (after an edit: keep).",
        "%(num)s contacts have yet to start, and will on the version of before (after an edit: keep).",
        impact.not_started,
    )


def _in_flight(impact: Impact) -> list[str]:
    if impact.rule is not OnEdit.NEXT_STEP:
        return [
            ngettext(
                "%(num)s contact is on the way and finishes on the version of before.",
                "%(num)s contacts are on the way and finish on the version of before.",
                impact.in_flight,
            )
        ]
    changing = sum(impact.changing.values())
    told = []
    if changing:
        places = sorted(impact.changing.items())
        where = ", ".join(_("%(number)s at %(node)s", number=figure(number), node=node) for node, number in places)
        told.append(
            ngettext(
                "%(num)s contact changes its next step: %(where)s.",
                "%(num)s contacts change their next step: %(where)s.",
                changing,
                where=where,
            )
        )
    if same := impact.in_flight - changing:
        told.append(
            ngettext(
                "%(num)s contact is on the way and goes on to the same next step as before.",
                "%(num)s contacts are on the way and go on to the same next step as before.",
                same,
            )
        )
    return told
