"""The form of a contact: what is stored as rows of inputs, and what was typed as an edit. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from multidict import MultiMapping

from admin.language import N_
from admin.pages.faults import by_field
from admin.pages.forms import read_from
from dialer.domain.contact import Address
from dialer.domain.editing import Edit
from dialer.domain.errors import Fault
from dialer.domain.fields import Field

Form = MultiMapping[Any]
NAMED = ("first_name", "last_name", "time_zone", "external_id")
SERVES = (
    ("voice+sms", N_("calls and texts")),
    ("voice", N_("calls only")),
    ("sms", N_("texts only")),
    ("email", N_("e-mail")),
    ("voice+sms+email", N_("everything")),
)
EMPTY_ROWS = 2


@dataclass(frozen=True, slots=True)
class AddressRow:
    address: str = ""
    serves: str = "voice+sms"
    fault: str = ""


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """`field` is the custom field of that name, if there is one."""

    name: str
    value: str
    label: str
    field: Field | None = None
    fault: str = ""


@dataclass
class ContactForm:
    """What the page shows. `general` are faults that belong to no field; `refused` if there is any fault at all."""

    named: dict[str, str]
    addresses: list[AddressRow]
    attributes: list[AttributeRow]
    fresh: list[tuple[str, str, str]]  # name, value, fault of attributes that are to be added
    revision: str
    faults: dict[str, list[str]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    refused: bool = False


def stored(item: Mapping[str, Any], revision: int, fields: Mapping[str, Field]) -> ContactForm:
    """The form of a contact as it is."""
    held: Sequence[Address] = item["addresses"]
    return ContactForm(
        named={name: item[name] or "" for name in NAMED},
        addresses=_with_empty([AddressRow(one.address, "+".join(one.channels())) for one in held]),
        attributes=_rows(item["attributes"], fields),
        fresh=[("", "", "")] * EMPTY_ROWS,
        revision=str(revision),
    )


def typed(form: Form, fields: Mapping[str, Field], faults: Sequence[Fault]) -> ContactForm:
    """The form as it was filled in, with what is wrong at its place."""
    told = by_field(faults)
    rows = [(row, _told_of_row(told, index)) for index, row in _typed_addresses(form)]
    attributes = {name: value for name, value in _typed_attributes(form) if name not in dict(_fresh(form))}
    shown = ContactForm(
        named={name: _text(form, name) for name in NAMED},
        addresses=_with_empty([AddressRow(row.address, row.serves, fault) for row, fault in rows]),
        attributes=[
            AttributeRow(row.name, row.value, row.label, row.field, "; ".join(told.pop(f"attributes.{row.name}", [])))
            for row in _rows(attributes, fields)
        ],
        fresh=[(name, value, "; ".join(told.pop(f"attributes.{name}", []))) for name, value in _fresh(form)],
        revision=read_from(form),
        refused=bool(faults),
    )
    shown.fresh += [("", "", "")] * (EMPTY_ROWS - len(shown.fresh))
    shown.faults = {name: told.pop(name) for name in NAMED if name in told}
    shown.general = [reason for reasons in told.values() for reason in reasons]
    return shown


def read(form: Form) -> Edit:
    """What was typed as an edit: an attribute that was emptied is taken away, an empty address row says nothing."""
    addresses = [(channel, row.address) for _index, row in _typed_addresses(form) for channel in row.serves.split("+")]
    attributes: dict[str, str | None] = {name: value or None for name, value in _typed_attributes(form)}
    return Edit({name: _text(form, name) or None for name in NAMED}, attributes, addresses)


def _rows(attributes: Mapping[str, str], fields: Mapping[str, Field]) -> list[AttributeRow]:
    """A row for every custom field, then the other attributes by name."""
    known = [AttributeRow(name, attributes.get(name, ""), one.label, one) for name, one in fields.items()]
    others = [AttributeRow(name, value, name) for name, value in sorted(attributes.items()) if name not in fields]
    return [*known, *others]


def _with_empty(rows: list[AddressRow]) -> list[AddressRow]:
    return [*rows, *[AddressRow()] * EMPTY_ROWS]


def _typed_addresses(form: Form) -> Iterator[tuple[int, AddressRow]]:
    """Each row that is not empty, with the place of its first address in the edit's list."""
    index, known = 0, {value for value, _label in SERVES}
    for address, serves in zip(form.getall("address", ()), form.getall("serves", ()), strict=False):
        row = AddressRow(str(address).strip(), str(serves) if serves in known else "voice+sms")
        if row.address:
            yield index, row
            index += len(row.serves.split("+"))


def _told_of_row(told: dict[str, list[str]], index: int) -> str:
    """What is wrong with a row: its channels share the address, so the first one's reason is enough."""
    found = [reason for at in range(index, index + 3) for reason in told.get(f"addresses.{at}.address", ())][:1]
    own = told.pop(f"addresses.{index}.address", [])
    for at in (index + 1, index + 2):
        if own and told.get(f"addresses.{at}.address") == own:
            del told[f"addresses.{at}.address"]
    return found[0] if own else ""


def _typed_attributes(form: Form) -> list[tuple[str, str]]:
    kept = [
        (name.removeprefix("attribute."), str(value).strip())
        for name, value in form.items()
        if name.startswith("attribute.")
    ]
    return [*kept, *_fresh(form)]


def _fresh(form: Form) -> list[tuple[str, str]]:
    pairs = zip(form.getall("new_name", ()), form.getall("new_value", ()), strict=False)
    stripped = [(str(name).strip(), str(value).strip()) for name, value in pairs]
    return [(name, value) for name, value in stripped if name or value]


def _text(form: Form, name: str) -> str:
    return str(form.get(name, "")).strip()
