"""Do-not-contact addresses are recognised by a keyed hash, so that one whose contact was erased needs no clear text."""

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum


def address_digest(secret: bytes, address: str) -> str:
    """HMAC-SHA-256 of an address in the form it is stored in (E.164, small letters), as 64 hexadecimal digits."""
    return hmac.digest(secret, address.encode(), hashlib.sha256).hex()


#: The attribute that lists a contact when a step sets it.
ATTRIBUTE = "do_not_contact"
_NOT = {"", "no", "false", "0"}
_CAMPAIGN = "campaign"


class Listing(StrEnum):
    """On whose list a step puts a contact."""

    EVERYBODYS = "everybody's"
    CAMPAIGNS = "campaign's"


def listing(changes: Mapping[str, str]) -> Listing | None:
    """What these changes of attributes mean for the do-not-contact lists: `campaign` is its own list, any other word all."""
    word = changes.get(ATTRIBUTE, "").strip().casefold()
    if word in _NOT:
        return None
    return Listing.CAMPAIGNS if word == _CAMPAIGN else Listing.EVERYBODYS
