"""The check of the settings as the API gives it."""

from typing import Literal, Self

from admin.schemas.common import Out
from config.effective import Effective, Origin
from dialer.domain.checkup import Finding


class FindingOut(Out):
    """`remedy` says how to mend it; empty where nothing is to be done."""

    what: str
    level: Literal["ok", "warning", "fault"]
    found: str
    remedy: str

    @classmethod
    def of(cls, one: Finding) -> Self:
        return cls(what=one.what, level=one.level.value, found=one.found, remedy=one.remedy)


class SettingOut(Out):
    """A setting in force and where it came from. A secret is shown as dots, or empty if there is none."""

    key: str
    variable: str
    value: str
    origin: Origin

    @classmethod
    def of(cls, one: Effective) -> Self:
        return cls(key=one.key, variable=one.variable, value=one.value, origin=one.origin)


class CheckOut(Out):
    """`level` is the worst of all findings."""

    level: Literal["ok", "warning", "fault"]
    findings: list[FindingOut]
    settings: list[SettingOut]
