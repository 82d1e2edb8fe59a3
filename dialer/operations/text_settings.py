"""What `sms` is told of a stored gateway: for the links, and for whoever wants to know beforehand how a text is cut."""

from dataclasses import fields

from dialer.domain.gateway import SmsGateway
from sms.address import Addressing
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


def price(settings: SmsGateway, segments: int) -> str:
    """What so many segments cost, as `0.14 EUR`; "" where nobody has said what one does."""
    return (
        "" if settings.segment_price is None else f"{segments * settings.segment_price:g} {settings.currency}".rstrip()
    )
