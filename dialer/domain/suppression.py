"""Do-not-contact addresses are recognised by a keyed hash, so that one whose contact was erased needs no clear text."""

import hashlib
import hmac


def address_digest(secret: bytes, address: str) -> str:
    """HMAC-SHA-256 of an address in the form it is stored in (E.164, small letters), as 64 hexadecimal digits."""
    return hmac.digest(secret, address.encode(), hashlib.sha256).hex()
