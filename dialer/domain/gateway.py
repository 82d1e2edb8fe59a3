"""Gateways: the trunk that calls leave by, and the SMSC account that texts leave by."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, field_validator, model_validator

from dialer.domain.errors import InvalidInput
from dialer.domain.patterns import ASCII, CURRENCY, DIALED_BEFORE, DIGITS_BEFORE, GATEWAY_NAME, HOST
from dialer.domain.said import Said
from dialer.domain.windows import zone

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=GATEWAY_NAME)]

# PJSIP/{number}@carrier, SIP/carrier/{number}, Local/{number}@trunk/n: one {number}, nothing that ends an AMI line or an option.
_DIAL = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9@._/:+-]*\{number\}[A-Za-z0-9@._/:+-]*")


class _Gateway(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name


class VoiceGateway(_Gateway):
    """A trunk. `dial` is an Asterisk channel with `{number}` where the E.164 number goes."""

    kind: Literal["voice"] = "voice"
    dial: str = Field(max_length=200, description="The channel to dial, such as `PJSIP/{number}@carrier`.")
    prefixes: tuple[str, ...] = Field(
        default=(), description="Number prefixes that may be dialed, such as `+1`, `+4420`; empty: all."
    )
    max_calls: int | None = Field(default=None, ge=1, le=10_000, description="Most calls at the same time.")
    calls_per_second: float | None = Field(default=None, gt=0, le=1000, description="Most calls started in a second.")
    strip_plus: bool = Field(default=False, description="Dial the number without its plus sign.")
    prefix: str = Field(default="", pattern=DIALED_BEFORE, description="Digits put before the number.")
    breaker_after: int = Field(
        default=5,
        ge=0,
        le=1000,
        description="So many calls in a row that fail because of the trunk hold all others back until one gets through; 0: never.",
    )

    calls_per_day: int | None = Field(
        default=None, ge=0, le=10_000_000, description="Against toll fraud; empty: no cap."
    )
    minutes_per_day: int | None = Field(
        default=None,
        ge=0,
        le=10_000_000,
        description="No call more starts once the calls of the day lasted so long together, from their answers on; empty: no cap.",
    )
    prefix_calls_per_day: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Most calls in a day to numbers that begin so, such as `+44=500`, `+882=0`.",
    )
    day_zone: str = Field(
        default="UTC", max_length=64, description="The zone at whose midnight the day of the caps begins."
    )

    @field_validator("day_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return zone(value, "day_zone").key
        except InvalidInput as error:
            raise ValueError(error.faults[0].reason) from None

    @field_validator("prefix_calls_per_day")
    @classmethod
    def _capped(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"\+[0-9]{1,15}=[0-9]{1,8}", value):
                raise ValueError(
                    Said("%(value)s is not a prefix and a number of calls: write it like +44=500", value=repr(value))
                )
        if len({value.split("=")[0] for value in values}) < len(values):
            raise ValueError(Said("names a prefix twice"))
        return values

    @field_validator("dial")
    @classmethod
    def _dialable(cls, value: str) -> str:
        if not _DIAL.fullmatch(value):
            raise ValueError(Said("must be a channel with {number} in it once, such as PJSIP/{number}@carrier"))
        return value

    @field_validator("prefixes")
    @classmethod
    def _prefixes(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"\+[0-9]{1,15}", value):
                raise ValueError(
                    Said("%(value)s is not a prefix of international numbers: write it like +44", value=repr(value))
                )
        return values


class SmsGateway(_Gateway):
    """An account at an SMSC, reached by SMPP 3.4."""

    kind: Literal["sms"] = "sms"
    host: str = Field(min_length=1, max_length=255, pattern=HOST)
    port: int = Field(ge=1, le=65535)
    system_id: str = Field(
        min_length=1,
        max_length=15,
        pattern=ASCII,
        description="The account's name at the SMSC (SMPP 5.2.1: at most 15).",
    )
    password: SecretStr = Field(default=SecretStr(""), max_length=8, description="At most 8 characters (SMPP 5.2.2).")
    system_type: str = Field(default="", max_length=12, pattern=ASCII)
    bind: Literal["transceiver", "separate"] = Field(
        default="transceiver", description="One bind for both ways, or a transmitter and a receiver."
    )
    binds: int = Field(
        default=1, ge=1, le=16, description="How many binds send; they share the rate, each has a window."
    )
    tls: bool = False
    window: int = Field(default=10, ge=1, le=1000, description="Most texts sent and not yet answered, on each bind.")
    messages_per_second: float | None = Field(default=None, gt=0, le=10_000)
    response_timeout_s: float = Field(default=30, gt=0, le=600)
    enquire_link_s: float = Field(default=30, gt=0, le=3600)
    sender: str = Field(
        default="", max_length=20, pattern=ASCII, description="Sender id when neither step nor campaign names one."
    )
    alphabet: Literal["gsm7", "latin1"] = Field(
        default="gsm7",
        description="What the SMSC takes `data_coding` 0 for: ask the provider if `@` or `€` arrive as others.",
    )
    long_texts: Literal["udh8", "udh16", "sar", "payload"] = Field(
        default="udh8",
        description="How texts of several parts are carried: with a header in each part, by sar TLVs, or whole in `message_payload`.",
    )
    transliterate: bool = Field(
        default=False,
        description="Write near characters for those that GSM-7 lacks (curly quotes, dashes, ł), where that saves a text from UCS-2.",
    )
    national: Literal["", "turkish", "spanish", "portuguese"] = Field(
        default="",
        description="A national table of GSM-7, tried before UCS-2: ask the provider whether its handsets and SMSC know it.",
    )
    sender_ton: int | None = Field(
        default=None,
        ge=0,
        le=6,
        description="Type of number of senders; empty: by the sender (letters 5, number 1, short code 3).",
    )
    sender_npi: int | None = Field(
        default=None, ge=0, le=18, description="Numbering plan of senders; empty: by the sender."
    )
    number_ton: int = Field(
        default=1, ge=0, le=6, description="Type of number of the numbers that are texted; 1: international."
    )
    number_npi: int = Field(default=1, ge=0, le=18, description="Their numbering plan; 1: E.164.")
    number_prefix: str = Field(
        default="",
        pattern=DIGITS_BEFORE,
        description="Put before their digits, such as `+` or `00`; empty: digits only.",
    )
    longest_validity_h: float = Field(
        default=24,
        gt=0,
        le=720,
        description="How long the SMSC may try to deliver, in hours, unless the step names less or the contact's hours end before.",
    )
    segment_price: float | None = Field(
        default=None, ge=0, le=1000, description="What a segment costs, for the estimate in the check of a strategy."
    )
    currency: str = Field(default="", pattern=CURRENCY, description="Of that price, such as `EUR`.")

    @field_validator("password")
    @classmethod
    def _sendable(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(ASCII, value.get_secret_value()):
            raise ValueError(Said("may hold printable ASCII characters only"))
        return value

    @model_validator(mode="after")
    def _tells_of_its_table(self) -> "SmsGateway":
        if self.national and (self.alphabet != "gsm7" or self.long_texts not in {"udh8", "udh16"}):
            raise ValueError(
                Said(
                    "national %(national)s needs a header in each part and GSM-7: set alphabet to gsm7 and long_texts to udh8 or udh16",
                    national=repr(self.national),
                )
            )
        return self

    @property
    def room(self) -> int:
        """Most texts sent and not yet answered, over all binds."""
        return self.window * self.binds


Gateway = Annotated[VoiceGateway | SmsGateway, Field(discriminator="kind")]
ADAPTER: TypeAdapter[VoiceGateway | SmsGateway] = TypeAdapter(Gateway)


def allows(gateway: VoiceGateway, number: str) -> bool:
    """Whether an E.164 number may be dialed by this gateway (D6)."""
    return not gateway.prefixes or number.startswith(gateway.prefixes)


def slug(name: str) -> str:
    """A readable id from a gateway's first name."""
    made = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48]
    return made if made not in {"", "new"} else "gateway"  # `new` is where the pages make one
