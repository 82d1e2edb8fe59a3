"""The forms that texts from outside may have, each with the words for a text that has another one."""

from collections.abc import Mapping
from types import MappingProxyType

from dialer.domain.said import Said
from dialer.domain.sound import SOUND_FILE, SOUND_FILE_WORDS

#: One line. Marks of the writing direction would show it, and what stands after it, in another order than it has.
LINE = r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$"
#: Several lines.
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
#: What a C-octet string of SMPP and a header of HTTP can hold: ASCII without control characters (SMPP 3.1).
ASCII = r"^[\x20-\x7e]*$"
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
HOST = r"^[A-Za-z0-9._:-]+$"
DIALED_BEFORE = r"^[0-9*#]{0,15}$"
DIGITS_BEFORE = r"^\+?[0-9]{0,8}$"
CURRENCY = r"^([A-Z]{3})?$"
GATEWAY_NAME = r"^[^\x00-\x1f\x7f]+$"

_UNSHOWN = Said(
    "has characters that can't be shown, such as a line break or a mark of the writing direction: leave them out"
)

WORDS: Mapping[str, str] = MappingProxyType(
    {
        LINE: _UNSHOWN,
        GATEWAY_NAME: _UNSHOWN,
        TEXT: Said("has control characters: leave them out"),
        ASCII: Said("may hold printable ASCII characters only: write it without accents and the like"),
        CLOCK: Said("should be a time of day, such as 09:00"),
        HOST: Said("should be a host's name or address, such as smsc.example or 192.0.2.1"),
        DIALED_BEFORE: Said("should be at most 15 digits, * or #"),
        DIGITS_BEFORE: Said("should be at most 8 digits, with a + before them or without"),
        CURRENCY: Said("should be three capital letters, such as EUR, or empty"),
        SOUND_FILE: SOUND_FILE_WORDS,
    }
)
