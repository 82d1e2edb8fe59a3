"""Phone numbers and e-mail addresses as people and spreadsheets write them, to the one form they are stored in.

A number is judged by its **structure**: a known country code and a length that country uses. Whether its range has
been assigned is not a reason to refuse it, because ranges open faster than any copy of the numbering plans and the
network's own answer (`invalid_number`) is the better judge; `strict=True` asks for that check too.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, ValidationResult

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.said import Said, filled

MAX_WRITTEN = 60  # characters; the longest honest spelling of a number is half of that
MAX_EMAIL = 254  # RFC 5321, the path without its brackets
MIN_DIGITS_WITH_COUNTRY = 12  # longer than a number written without its trunk prefix
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_WRITTEN = re.compile(r"\+?[0-9][0-9 ().\-/]*|\+?\([0-9 +-]+\)[0-9 ().\-/]*")
_FLOAT = re.compile(r"(\+?[0-9]{5,})[.,]0+")
_SCIENTIFIC = re.compile(r"\+?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_NATIONAL = re.compile(r"[0-9][0-9 ()/-]{5,29}")
_SEPARATORS = str.maketrans("", "", " ()/-")
_EXTENSION = re.compile(r"(?:x|ext|extn|extension|durchwahl|poste)[.: ]*[0-9]{1,7}$|[#;,]", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")

_WHOLE = Said("write the whole number with + and the country code")
_ONE = Said("give one number in each column")
_BY_LENGTH = {
    ValidationResult.TOO_SHORT: Said("is too short"),
    ValidationResult.TOO_LONG: Said("is too long"),
    ValidationResult.INVALID_LENGTH: Said("has a length that country does not use"),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Said("is too short or lacks its area code"),
    ValidationResult.INVALID_COUNTRY_CODE: Said("begins with no country code in use"),
}


@dataclass(frozen=True, slots=True, init=False)
class Unreadable:
    """Why a written address cannot be used, for a person: value and remedy included (`Said`)."""

    reason: str

    def __init__(self, reason: str, /, **values: object) -> None:
        object.__setattr__(self, "reason", filled(reason, values))


def check_region(region: str, field: str = "default_region") -> str:
    """The region's two letters in capitals. Raises InvalidInput for a region without a numbering plan."""
    if region.upper() in phonenumbers.SUPPORTED_REGIONS:
        return region.upper()
    raise InvalidInput.single(
        field, "%(region)s is not a region; use two letters such as US, GB or DE", region=shown(region)
    )


def parse_phone(written: str, default_region: str | None, *, field: str = "phone", strict: bool = False) -> str:
    """The number as E.164. Raises InvalidInput naming the field."""
    number = read_phone(written, default_region, strict=strict)
    if isinstance(number, Unreadable):
        raise InvalidInput.single(field, number.reason)
    return number


def read_phone(written: str, default_region: str | None, *, strict: bool = False) -> str | Unreadable:
    """The number as E.164 (`+12025550123`), or why not. `default_region` reads numbers without a country code.

    Takes the usual groupings, `00` for `+`, `(0)`, digits of any script, a lost `+` where the rest leaves no doubt,
    and what spreadsheets make of a number (`4915112345678.0`, `'+49…`, `="+49…"`).
    """
    if not strict:
        if _E164.fullmatch(written):
            if _is_plain(written):
                return written
        elif default_region is not None and (number := _plain_national(written, default_region)):
            return number
    return _read(written[: MAX_WRITTEN + 1], default_region, strict)


def looks_like_phone(written: str) -> bool:
    """Whether a cell can only be meant as a phone number: for telling a header from a first row."""
    text = _tidy(written[: MAX_WRITTEN + 1])
    return bool(_WRITTEN.fullmatch(text)) and sum(c.isdigit() for c in text) >= 7  # noqa: PLR2004 -- as in _E164


def normalise_email(written: str) -> str | Unreadable:
    """The address in small letters (mailboxes that differ by case only are one), or why not."""
    text = unicodedata.normalize("NFC", written.strip()).removeprefix("mailto:")
    if len(text) > MAX_EMAIL:
        return Unreadable(
            "%(text)s is longer than an e-mail address may be (%(most)s characters); check it",
            text=shown(text),
            most=MAX_EMAIL,
        )
    local = text.rpartition("@")[0]
    if not _EMAIL.fullmatch(text) or ".." in text or local.startswith(".") or local.endswith("."):
        return Unreadable("%(written)s is not an e-mail address; write it as name@example.com", written=shown(written))
    return text.lower()


@lru_cache(maxsize=4096)
def _read(written: str, default_region: str | None, strict: bool) -> str | Unreadable:
    text = _tidy(written)
    if reason := _misspelt(text, written):
        return Unreadable("%(written)s %(reason)s", written=shown(written), reason=reason)
    if not text.startswith("+") and default_region is None:
        return Unreadable(
            "%(written)s has no country code; write +49…, or set a default region", written=shown(written)
        )
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as fault:
        return Unreadable("%(written)s %(why)s", written=shown(written), why=_why(fault))
    number = _with_lost_plus(text, number)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        return Unreadable(
            "%(written)s %(length)s for %(place)s; %(remedy)s",
            written=shown(written),
            length=_BY_LENGTH[possible],
            place=_place(number),
            remedy=_WHOLE,
        )
    if _is_placeholder(number):
        return Unreadable("%(written)s is a placeholder, not a number; leave the field empty", written=shown(written))
    if strict and not phonenumbers.is_valid_number(number):
        return Unreadable(
            "%(written)s is in no range in use in %(place)s; check it", written=shown(written), place=_place(number)
        )
    stored = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not _E164.fullmatch(stored):
        return Unreadable(
            "%(written)s is too short for a number that can be reached from abroad; %(remedy)s",
            written=shown(written),
            remedy=_WHOLE,
        )
    return stored


def _tidy(written: str) -> str:
    """Invisible marks, scripts and spreadsheet wrappings taken away; the structure stays as it was written."""
    text = "".join(_plain_character(c) for c in written).strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    text = text.removeprefix("'").removeprefix("tel:").strip()
    if whole := _FLOAT.fullmatch(text):
        text = whole[1]
    return f"+{text[2:].lstrip()}" if text.startswith("00") else text


def _plain_character(c: str) -> str:
    if c.isascii():
        return c
    category = unicodedata.category(c)
    if category == "Nd":
        return str(unicodedata.decimal(c))
    if category == "Zs":
        return " "
    if category == "Pd" or c == "\u2212":  # dashes, and the minus sign
        return "-"
    if category == "Cf":  # direction marks and zero widths that phones copy along
        return ""
    return unicodedata.normalize("NFKC", c)  # full-width + ( ) . /


def _misspelt(text: str, written: str) -> str | None:
    if not any(c.isalnum() for c in text):
        return Said("holds no digits; give a phone number")
    if len(written) > MAX_WRITTEN:
        return Said("is too long for a phone number; %(remedy)s", remedy=_ONE)
    if _WRITTEN.fullmatch(text):
        return None
    if _SCIENTIFIC.fullmatch(text):
        return Said("was shortened by a spreadsheet; format the column as text and export it again")
    if any(unicodedata.category(c) == "Cc" for c in text):
        return Said("contains a control character; one number in one line, please")
    if _EXTENSION.search(text):
        return Said("carries an extension or a second number; put that into a column of its own")
    wrong = next((c for c in text.removeprefix("+") if c not in "0123456789 ().-/"), "+")
    return Said(
        "contains %(wrong)s, which does not belong in a phone number; use digits with a leading +", wrong=shown(wrong)
    )


def _why(fault: phonenumbers.NumberParseException) -> str:
    if fault.error_type == phonenumbers.NumberParseException.TOO_LONG:
        return Said("is too long for a phone number; %(remedy)s", remedy=_ONE)
    if fault.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return Said("begins with no country code in use; write + and the country code first")
    return Said("is too short for a phone number; %(remedy)s", remedy=_WHOLE)


def _with_lost_plus(text: str, number: PhoneNumber) -> PhoneNumber:
    """`4915112345678` in Germany is +49 151…, although +49 4915112345678 would pass as a number as well.

    Spreadsheets drop the +. Read so if the result is in a range in use and the national reading is either not, or
    longer than anybody writes a number without its trunk prefix.
    """
    digits = re.sub(r"\D", "", text)
    if text.startswith("+") or not digits.startswith(str(number.country_code)):
        return number
    if len(digits) < MIN_DIGITS_WITH_COUNTRY and phonenumbers.is_valid_number(number):
        return number
    try:
        full = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return number
    return full if phonenumbers.is_valid_number(full) else number


def _is_placeholder(number: PhoneNumber) -> bool:
    """0000000000 and its like, which forms are full of."""
    national = phonenumbers.national_significant_number(number)
    return len(set(national)) == 1 and not phonenumbers.is_valid_number(number)


def _place(number: PhoneNumber) -> str:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return f"+{number.country_code} ({region})"


@lru_cache(maxsize=256)
def _plan(country_code: int) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """A country's lengths and what could be a trunk prefix; None where no such country code is in use."""
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None


def _is_plain(e164: str) -> bool:
    """The short way for numbers that arrive as they are stored: thirty times as fast, and the same answer.

    A number that may carry a trunk prefix (+49 0151…) or be a placeholder goes the long way.
    """
    for digits in (1, 2, 3):
        plan = _plan(int(e164[1 : 1 + digits]))
        if plan is None:
            continue
        lengths, trunk_prefix = plan
        national = e164[1 + digits :]
        if len(national) not in lengths or national.count(national[0]) == len(national):
            return False
        return trunk_prefix is None or trunk_prefix.match(national) is None
    return False


@dataclass(frozen=True, slots=True)
class _NationalPlan:
    """How a region's numbers are written at home: only for regions where that is a fixed trunk prefix, or none."""

    country_code: str
    trunk_prefix: str
    abroad: re.Pattern[str]  # what is dialed before a country code
    lengths: frozenset[int]
    numbers: re.Pattern[str]


@lru_cache(maxsize=256)
def _national_plan(region: str) -> _NationalPlan | None:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None or not metadata.general_desc.national_number_pattern:
        return None
    if metadata.national_prefix != metadata.national_prefix_for_parsing or metadata.national_prefix_transform_rule:
        return None  # prefixes that vary, carriers' codes
    return _NationalPlan(
        str(metadata.country_code),
        metadata.national_prefix or "",
        re.compile(metadata.international_prefix or "(?!)"),
        frozenset(metadata.general_desc.possible_length),
        re.compile(metadata.general_desc.national_number_pattern),
    )


def _plain_national(written: str, region: str) -> str | None:
    """The short way for a number as it is written at home, with the same answer; None: it goes the long way.

    Only where there is nothing to be doubted: a valid number behind the trunk prefix, or without one and not beginning
    like the country code.
    """
    plan = _national_plan(region)
    if plan is None or not _NATIONAL.fullmatch(written):
        return None
    digits = written.translate(_SEPARATORS)
    if digits.startswith("00") or plan.abroad.match(digits):
        return None
    national = digits.removeprefix(plan.trunk_prefix)
    if national == digits and digits.startswith(plan.country_code):
        return None
    if plan.trunk_prefix and plan.trunk_prefix == plan.country_code:  # +1: `1 212…` could be either
        national = digits
    plain = len(national) in plan.lengths and plan.numbers.fullmatch(national) and len(set(national)) > 1
    stored = f"+{plan.country_code}{national}"
    return stored if plain and _E164.fullmatch(stored) else None
