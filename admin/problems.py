"""The problems that the API answers with (RFC 9457): the `type` of each leads to what it means and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PAGE = "/api/problems"


@dataclass(frozen=True, slots=True)
class Meaning:
    status: int
    meaning: str
    remedy: str


#: By title.
PROBLEMS: Mapping[str, Meaning] = MappingProxyType(
    {
        "Malformed request": Meaning(
            400, "The body is no JSON, or no file of its kind; or `If-Match` is no entity tag.", "Mend what `detail` names."
        ),
        "Not logged in": Meaning(401, "There is no token, or none that is known.", "Send `Authorization: Bearer TOKEN`."),
        "Not allowed": Meaning(403, "The role of the token or the person may not do this.", "Use one with another role."),
        "Not found": Meaning(404, "There is nothing by this id, or at this address.", "Read the list; it may be deleted."),
        "Method not allowed": Meaning(405, "The address is there, and knows other methods.", "See the header `Allow`."),
        "Too slow": Meaning(408, "The body did not come in time.", "Send it again."),
        "Conflict": Meaning(409, "It can't be done as things stand now; `detail` says why.", "Change that first."),
        "Illegal transition": Meaning(
            409, "A state that can't be reached from the present one, such as publishing an ended campaign.",
            "Read it again: somebody may have been faster.",
        ),
        "Stale edit": Meaning(
            409, "`If-Match` names a revision that is not the present one: somebody else has changed it.",
            "Read it again, and repeat the change with the new `ETag`.",
        ),
        "In use": Meaning(409, "Others need what is to be removed; `detail` names them.", "Change those first."),
        "Values do not fit": Meaning(
            409, "Contacts have values that the type of the field does not take; `errors` has examples.",
            "Mend the values, or choose another type.",
        ),
        "Address taken": Meaning(409, "Another contact has this address.", "Edit that contact, or leave the address out."),
        "Under way": Meaning(409, "A call or a text to the contact is under way.", "Repeat it when that is over."),
        "Too large": Meaning(413, "The body is larger than what is taken.", "Send less at once."),
        "Unsupported media type": Meaning(
            415, "Another media type than this call takes, or a packed body.",
            "Send what the reference says, without `Content-Encoding`.",
        ),
        "Expectation not met": Meaning(
            417, "The header `Expect` asks for something else than `100-continue`.", "Leave the header out."
        ),
        "Invalid input": Meaning(
            422, "Values that can never be right as they stand; `errors` has all of them, each at its field.",
            "Mend them: the same call again is refused again.",
        ),
        "Incomplete": Meaning(
            422, "Something is still missing before this step, such as publishing; `errors` has all of it.", "Fill it in."
        ),
        "Refused": Meaning(422, "It is refused for the reason in `detail`.", "Do as it says."),
        "Too many tries": Meaning(429, "Too much within a short time.", "Wait for the seconds in `Retry-After`."),
        "Too many wait": Meaning(429, "Others do the same work and more wait for it.", "Repeat it a little later."),
        "Internal error": Meaning(
            500, "The server could not do it; its log says why. Whether it was done is not known.",
            "Read before you repeat it; with an `Idempotency-Key` just repeat it.",
        ),
        "Not ready": Meaning(
            503, "The server starts, lacks something that it needs, or is asked for more reads than it can answer at once.",
            "Repeat it after the seconds in `Retry-After`, if it has one; else ask `/readyz` what is not ready.",
        ),
        "Version not taken": Meaning(
            505, "The request is of another version than HTTP/1.1 and HTTP/1.0.", "Send it as HTTP/1.1, or through a proxy."
        ),
        "No room": Meaning(507, "The server's disk is full, and this was not done.", "Make room and repeat it."),
    }
)  # fmt: skip


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def type_of(title: str) -> str:
    """A reference, relative to the server that answers."""
    return f"{PAGE}#{slug(title)}" if title in PROBLEMS else "about:blank"
