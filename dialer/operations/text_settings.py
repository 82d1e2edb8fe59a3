"""What `sms` is told of a stored gateway: for the links, and for whoever wants to know beforehand how a text is cut."""

from dataclasses import fields

from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.said import marked
from sms.address import AddressError, Addressing, source
from sms.alphabet import Encoding
from sms.settings import GatewaySettings
from sms.text import LongTexts

_OURS = {"kind", "name", "password", "longest_validity_h", "segment_price", "currency"}
_ADDRESSING = {field.name for field in fields(Addressing)}


def gateway_settings(name: str, settings: SmsGateway) -> GatewaySettings:
    """Of a stored gateway, as `sms` wants them."""
    known = settings.model_dump(exclude=_OURS | _ADDRESSING | {"alphabet", "long_texts", "national"})
    return GatewaySettings(
        name=name,
        password=settings.password.get_secret_value(),
        addressing=Addressing(**settings.model_dump(include=_ADDRESSING)),
        alphabet=Encoding(settings.alphabet),
        long_texts=LongTexts(settings.long_texts),
        national=Encoding[settings.national.upper()] if settings.national else None,
        **known,
    )


def check_usable(settings: SmsGateway | VoiceGateway) -> None:
    """Raises `InvalidInput` for a host that has no address, and a sender that no text can carry: all of them would fail.

    Not a rule of the settings themselves, so that those stored before can be read.
    """
    if not isinstance(settings, SmsGateway):
        return
    faults: list[Fault] = []
    try:
        settings.host.encode("idna")
    except UnicodeError:
        told = marked(
            "%(host)s has a label that is empty or longer than 63 characters: write it like smsc.example, or an address"
        )
        faults.append(Fault("host", told, host=shown(settings.host)))
    try:
        source(settings.sender)
    except AddressError:
        told = marked(
            "%(sender)s is no sender id: write up to 11 letters and digits, a short code, or a number with its plus"
        )
        faults.append(Fault("sender", told, sender=shown(settings.sender)))
    if faults:
        raise InvalidInput(tuple(faults))


def price(settings: SmsGateway, segments: int) -> str:
    """What so many segments cost, as `0.14 EUR`; "" where nobody has said what one does."""
    return (
        "" if settings.segment_price is None else f"{segments * settings.segment_price:g} {settings.currency}".rstrip()
    )
