"""What a gateway is told, and what it tells about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sms import status
from sms.address import Addressing
from sms.admission import Admission, TokenBucket, burst
from sms.alphabet import Encoding, transliterated
from sms.backoff import Backoff
from sms.commands import Bind, BindType
from sms.journal import Noted, Refusals
from sms.kept import BindStatus
from sms.link import Endpoint
from sms.session import SessionSettings
from sms.text import LongTexts, Segmentation, segments

RECONNECT = Backoff(first_s=1.0, most_s=60.0)
THROTTLE = Backoff(first_s=0.5, most_s=10.0)


#: `separate`: transmitters, and a receiver for receipts and replies.
_TYPES = {
    "transceiver": (BindType.TRANSCEIVER, ()),
    "separate": (BindType.TRANSMITTER, (BindType.RECEIVER,)),
    "transmitter": (BindType.TRANSMITTER, ()),
    "receiver": (BindType.RECEIVER, ()),
}


class GatewayState(StrEnum):
    DOWN = "down"
    CONNECTING = "connecting"
    BOUND = "bound"
    THROTTLED = "throttled"
    """Bound, and holding everything back because the SMSC asked for it."""
    REFUSED = "refused"
    """The SMSC does not accept who we say we are; trying again would not help."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """`messages_per_second` counts segments; `sender` is used by segments that name none; times in seconds.

    `binds` share the rate, each has a `window`. `alphabet` is the SMSC's default one, GSM-7 or Latin-1.
    """

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    bind: str = "transceiver"
    binds: int = 1
    tls: bool = False
    tls_ca: str = ""
    window: int = 10
    messages_per_second: float | None = None
    response_timeout_s: float = 30.0
    enquire_link_s: float = 30.0
    sender: str = ""
    addressing: Addressing = Addressing()  # noqa: RUF009 (it can't be changed)
    alphabet: Encoding = Encoding.GSM7
    long_texts: LongTexts = LongTexts.UDH8
    transliterate: bool = False
    national: Encoding | None = None
    reconnect: Backoff = RECONNECT
    throttle: Backoff = THROTTLE
    overrides: Mapping[int, status.Kind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.bind not in _TYPES:
            raise ValueError(f"bind {self.bind!r} is none of {', '.join(_TYPES)}")
        if self.binds < 1:
            raise ValueError(f"binds {self.binds} is below 1")
        if self.window < 1:
            raise ValueError(f"window {self.window} is below 1")
        if self.messages_per_second is not None and self.messages_per_second <= 0:
            raise ValueError(
                f"messages_per_second {self.messages_per_second} is not above 0; leave it out for no limit"
            )

    def endpoint(self) -> Endpoint:
        return Endpoint(self.host, self.port, self.tls, self.tls_ca)

    def bind_types(self) -> list[BindType]:
        """One for each bind that is kept: `binds` that send, and one that only receives if they can't."""
        sending, receiving = _TYPES[self.bind]
        return [*[sending] * self.binds, *receiving]

    def session(self, kind: BindType) -> SessionSettings:
        bind = Bind(kind, self.system_id, self.password, self.system_type)
        return SessionSettings(bind, self.window, self.response_timeout_s, self.enquire_link_s, self.overrides)

    def admission(self, now: float) -> Admission:
        rate = self.messages_per_second
        bucket = TokenBucket(rate, burst(rate), now) if rate else None
        return Admission(self.window, bucket)


@dataclass(slots=True)
class Counts:
    """Since the gateway was made."""

    accepted: int = 0
    refused: int = 0
    throttled: int = 0
    unknown: int = 0
    receipts: int = 0
    replies: int = 0
    unreadable: int = 0
    binds: int = 0


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What a page shows; `since` is the clock's time of the last change of the link, `now` that of this look.

    `rates`: accepted segments per second over journal.SHORT_S and journal.LONG_S.
    """

    name: str
    address: str
    state: GatewayState
    reason: str
    since: float
    window: int
    in_flight: int
    binds: tuple[BindStatus, ...]
    counts: Counts
    now: float
    rates: tuple[float, float]
    refusals: tuple[Refusals, ...]
    events: tuple[Noted, ...]


def split(settings: GatewaySettings, text: str, reference: int = 0) -> Segmentation:
    """`text` in the segments in which this gateway sends it, near characters put in where it shall. Raises TextTooLongError."""
    national = settings.national
    near = settings.transliterate and not (national is not None and national.has(text))
    written = transliterated(text) if near else text
    return segments(
        written, reference=reference, alphabet=settings.alphabet, long=settings.long_texts, national=national
    )
