"""Texts of pages that come from tables of the domain and the settings, which know no languages: for the catalogue.

The pages show them by `said`, and codes by `words.plain`, so a new state, step type or setting needs nothing but a renewed
catalogue.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from admin.pages import contacts, words
from admin.problems import PROBLEMS
from config.settings import Settings
from dialer.ami.states import LinkState
from dialer.domain import ending, hooks, transitions
from dialer.domain.campaign import UNAVAILABLE_MODES, DialingMode
from dialer.domain.checkup import Level
from dialer.domain.fields import FieldType
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import packs
from dialer.domain.rules.pack import DutyRule
from dialer.domain.windows import WEEK
from dialer.operations.audit import Kind
from dialer.operations.rest_fields import KNOWN
from dialer.operations.users import Right, Role
from dialer.pacing.breaker import BreakerState
from dialer.pacing.progressive import Limit
from dialer.strategy.advice import NAMES
from dialer.strategy.call_fields import Machines
from dialer.strategy.fields import OnEdit, Until, WaitKind, WindowKind
from dialer.strategy.nodered.entry import PREFIX
from dialer.strategy.palette import palette
from dialer.strategy.templates import TEMPLATES
from sms import status

Entry = tuple[int, str, str, list[str]]
_CODES: tuple[type[StrEnum], ...] = (
    *(one for one in vars(transitions).values() if isinstance(one, type) and issubclass(one, StrEnum)),
    Outcome, DialingMode, FieldType, Level, LinkState, BreakerState, Limit, Role, Right, Kind, Machines, OnEdit, Until,
    WaitKind, WindowKind,
)  # fmt: skip


def texts() -> Iterator[str]:
    """As they stand there, or as `words.plain` shows a code; some come more than once."""
    codes = [one.value for kind in _CODES for one in kind]
    for code in (*codes, "voice", *words.COLOURS, *WEEK, *contacts.FIXED, *contacts.OF_A_PLACE, *sorted(NAMES)):
        yield code.replace("_", " ").replace("-", " ")
    for step in palette():
        yield step["type"].removeprefix(PREFIX).replace("-", " ")
        yield from _of_step(step)
    for model in (VoiceGateway, SmsGateway, Settings):
        yield from _described(model)
    yield from (text for template in TEMPLATES for text in (template.label, template.help))
    yield from (text for pack in packs().values() for text in (pack.name, pack.about))
    yield from (meaning for meaning, _example in KNOWN.values())
    yield from (one.rule.text for pack in packs().values() for one in pack.rules if isinstance(one.rule, DutyRule))
    yield from (*ending.texts(), *status.meanings(), *PROBLEMS)
    yield from (*hooks.TOLD.values(), *UNAVAILABLE_MODES.values())


def extract(_file: object, _keywords: object, _tags: object, options: object) -> Iterator[Entry]:  # noqa: ARG001
    """What Babel calls (an extraction method): the texts, with no line that would change with every edit."""
    yield from ((0, "_", text, []) for text in dict.fromkeys(texts()) if text)


def _of_step(step: dict[str, Any]) -> Iterator[str]:
    yield from (step["label"], step["help"])
    for port in step["ports"]:
        yield from (port["label"], port["meaning"], port["name"].replace("_", " "))
    for field in step["fields"]:
        yield from (field["title"], field["help"])
        yield from (told for _value, told in field.get("options", ()))


def _described(model: type[BaseModel]) -> Iterator[str]:
    for field in model.model_fields.values():
        yield field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _described(field.annotation)
