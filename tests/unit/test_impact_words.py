"""What a deploy would change, as people read it."""

import pytest

from admin.pages.impact_words import lines
from dialer.operations.edits import Impact
from dialer.strategy.fields import OnEdit


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("impact", "told"),
    [
        (
            Impact(False, OnEdit.NEXT_STEP, 5, 5, 9, {}),
            ["It means the same as the present version: only the drawing changes, and nobody's next step."],
        ),
        (Impact(True, OnEdit.KEEP, 0, 0, 0, {}), ["No contact is in the strategy yet."]),
        (
            Impact(True, OnEdit.NOT_STARTED, 1, 1, 1200, {}),
            [
                "1 contact has yet to start, and will on this version.",
                "1,200 contacts are on the way and finish on the version of before.",
            ],
        ),
        (
            Impact(True, OnEdit.KEEP, 2, 0, 0, {}),
            ["2 contacts have yet to start, and will on the version of before (after an edit: keep)."],
        ),
        (
            Impact(True, OnEdit.NEXT_STEP, 0, 0, 214, {"wait": 13, "call": 200}),
            [
                "213 contacts change their next step: 200 at call, 13 at wait.",
                "1 contact is on the way and goes on to the same next step as before.",
            ],
        ),
    ],
)
def test_each_group_of_contacts_is_told(impact: Impact, told: list[str]) -> None:
    assert lines(impact) == told
