"""The signature of a webhook, by which its receiver knows who sent it: `X-Dialer-Signature: t=UNIX,v1=HEX`."""

import hashlib
import hmac

HEADER = "X-Dialer-Signature"


def derived_key(secret: bytes) -> str:
    """A key for signatures out of the server's secret: whoever is told it learns nothing of that."""
    return hmac.new(secret, b"dialer webhooks", hashlib.sha256).hexdigest()


def signature(key: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 with the key's characters as they are, over the time, a point and the body as it is sent."""
    told = hmac.new(key.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={told}"
