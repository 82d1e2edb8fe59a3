"""What a program can push into a campaign: the known names, the custom fields, and what the campaign's strategy asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.columns import is_known
from dialer.domain.fields import Field, FieldType
from dialer.operations.context import Context, strategy_of
from dialer.store import campaigns, contact_fields, strategies
from dialer.strategy.attributes import uses
from dialer.strategy.model import Strategy

KNOWN: Mapping[str, tuple[str, str]] = {
    "phone": ("a number for calls and texts; phone2, phone3 … for more of them, mobile is the same", "+12025550123"),
    "sms": ("a number for texts only", "+12025550124"),
    "email": ("an e-mail address", "ann@example.com"),
    "first_name": ("", "Ann"),
    "last_name": ("", "Lee"),
    "name": ("both names in one, where they are not apart", "Ann Lee"),
    "time_zone": ("the contact's own: Europe/Berlin", "Europe/Berlin"),
    "external_id": ("what your own system calls the contact", "4711"),
}
_SHOWN = ("phone", "first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Pushable:
    """A field, what it means in words, and a value to show; `why` is `known`, `custom field` or `strategy`."""

    name: str
    meaning: str
    why: str
    example: str


async def of_campaign(ctx: Context, campaign_id: int) -> list[Pushable]:
    async with ctx.db.read() as tx:
        fields = await contact_fields.all_fields(tx)
        campaign = await campaigns.get(tx, campaign_id)
        version = campaign.strategy_version if campaign else None
        document = await strategies.get(tx, campaign_id, version) if version is not None else None
    wanted = _asked(strategy_of(document)) if document is not None else ()
    known = [Pushable(name, meaning, "known", example) for name, (meaning, example) in KNOWN.items()]
    custom = [Pushable(field.name, _meaning(field), "custom field", _example(field)) for field in fields.values()]
    others = [name for name in wanted if name not in fields and not is_known(name)]
    return [*known, *custom, *(Pushable(name, "its strategy asks for it", "strategy", "…") for name in others)]


def _asked(strategy: Strategy) -> list[str]:
    """The attributes that its steps read and none of them sets, each once, in the order of the steps."""
    named = list(uses(strategy))
    set_here = {use.attribute for use in named if use.field in {"attribute", "save_as"}}
    return [name for name in dict.fromkeys(use.attribute for use in named) if name not in set_here]


def example(fields: Sequence[Pushable]) -> dict[str, str]:
    """A contact with the usual fields, and with those that are this campaign's own."""
    return {field.name: field.example for field in fields if field.name in _SHOWN or field.why != "known"}


def _meaning(field: Field) -> str:
    kind = f"one of {', '.join(field.choices)}" if field.type is FieldType.CHOICE else f"a {field.type}"
    return f"{field.label}: {kind}"


def _example(field: Field) -> str:
    values = {FieldType.NUMBER: "12.5", FieldType.DATE: "2026-12-24", FieldType.TEXT: "…"}
    return field.choices[0] if field.choices else values.get(field.type, "…")
