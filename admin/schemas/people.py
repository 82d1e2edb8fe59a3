"""Edits of contacts, custom fields and do-not-contact entries as the API takes and gives them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, StringConstraints, Tag

from admin.schemas.common import FaultOut, In, Line, ListQuery, Out
from dialer.domain.editing import Edit
from dialer.domain.fields import FieldType
from dialer.operations.contact_fields import Values
from dialer.operations.do_not_contact import LONGEST_REASON, MOST_AT_ONCE, NewEntry
from dialer.operations.people import MOST_AT_ONCE as MOST_PEOPLE
from dialer.operations.people import Result

Written = Annotated[str, StringConstraints(max_length=320)]
Value = Annotated[str, StringConstraints(max_length=4_000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_REASON)]
LARGEST_ID = 2**63 - 1
_NAMED = ("first_name", "last_name", "time_zone", "external_id")


class AddressIn(In):
    channel: str = Field(json_schema_extra={"enum": ["voice", "sms", "email"]})
    address: Written


class ContactSet(In):
    """What may be set for several contacts at once."""

    time_zone: Line | None = None
    attributes: dict[str, Value | int | float | None] = Field(
        default={}, max_length=100, description="By name; `null` takes one away, those left out stay."
    )

    def edit(self) -> Edit:
        """As the domain has it; a number is written as it would be in a file."""
        sent = self.model_fields_set
        given = {name: None if value is None else str(value) for name, value in self.attributes.items()}
        named = {name: getattr(self, name) for name in _NAMED if name in sent}
        addresses = getattr(self, "addresses", None)
        listed = None if addresses is None else [(one.channel, one.address) for one in addresses]
        return Edit(named, given, listed)


class ContactPatch(ContactSet):
    """The fields to change; those left out stay, `null` empties one. `addresses` is the whole list."""

    first_name: Line | None = None
    last_name: Line | None = None
    external_id: Line | None = None
    addresses: list[AddressIn] | None = Field(default=None, max_length=200)


class BulkIn(In):
    """Either `set`, or `delete: true`."""

    ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(min_length=1, max_length=MOST_PEOPLE)
    set: ContactSet | None = None
    delete: bool = False


class ResultOut(Out):
    """What became of one contact; `reason` and `errors` say why nothing did."""

    id: int
    done: bool
    reason: str | None
    errors: list[FaultOut]

    @classmethod
    def of(cls, result: Result) -> Self:
        errors = [FaultOut(field=fault.field, reason=fault.reason) for fault in result.faults]
        return cls(id=result.id, done=result.done, reason=result.reason, errors=errors)


class BulkOut(Out):
    items: list[ResultOut]
    done: int
    refused: int


class ContactFieldEdit(In):
    label: Line | None = None
    type: FieldType | None = None
    choices: list[Line] | None = Field(default=None, max_length=500)


class ContactFieldIn(In):
    """`choices` are needed for the type choice only."""

    name: Line
    label: Line = ""
    type: FieldType = FieldType.TEXT
    choices: list[Line] = Field(default=[], max_length=500)


class ContactFieldOut(Out):
    name: str
    label: str
    type: str
    choices: list[str]
    revision: int
    created_at: datetime
    modified_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ContactFieldsOut(Out):
    items: list[ContactFieldOut]
    total: int
    next_cursor: str | None = None


class RemoveField(In):
    """What becomes of the values that contacts have."""

    values: Values | None = Field(default=None, description="`keep` leaves them as attributes without a type.")


class DoNotContactIn(In):
    """A number or an e-mail address; without a campaign it is for all."""

    address: Written = Field(min_length=1)
    campaign_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    reason: Reason = ""

    def entry(self) -> NewEntry:
        return NewEntry(self.address, self.campaign_id, self.reason)


# The tags stand in no field's name, so that errors can leave them out.
OneOrMany = Annotated[
    Annotated[DoNotContactIn, Tag("one entry")]
    | Annotated[list[DoNotContactIn], Field(min_length=1, max_length=MOST_AT_ONCE), Tag("many entries")],
    Discriminator(lambda body: "many entries" if isinstance(body, list) else "one entry"),
]


class DoNotContactOut(Out):
    """`address` is null where only the keyed hash is left, because the contact was erased."""

    id: int
    address: str | None
    campaign_id: int | None
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(**{name: row[name] for name in cls.model_fields})


class AddedOut(Out):
    """How many addresses are new on a list, how many were on it, and how many queued calls and texts were refused for it."""

    added: int
    known: int
    refused: int


class DoNotContactQuery(ListQuery):
    address: str | None = Field(
        default=None,
        max_length=320,
        description="Whether this address is listed; also finds it where only its hash is left.",
    )


class DoNotContactRemove(In):
    address: str = Field(min_length=1, max_length=320)
    campaign_id: int | None = Field(default=None, ge=1, le=LARGEST_ID, description="None: the list for all campaigns.")
