"""What the main menu offers, and to whom. An entry's name is also the `section` of its pages."""

from dataclasses import dataclass

from admin.auth import may
from admin.keys import Identity
from admin.language import N_
from dialer.operations.users import Right


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    path: str
    icon: str
    right: Right = Right.READ


MAIN = (
    Entry(N_("Agent"), "/agent", "phone", Right.TALK),
    Entry(N_("Campaigns"), "/campaigns", "flag"),
    Entry(N_("Contacts"), "/contacts", "users"),
    Entry(N_("Live"), "/live", "activity"),
)
#: Under "Administration".
UPKEEP = (
    Entry(N_("Do not contact"), "/do-not-contact", "ban"),
    Entry(N_("Calls"), "/attempts", "phone"),
    Entry(N_("Texts"), "/messages", "message"),
    Entry(N_("Fields"), "/contact-fields", "settings"),
    Entry(N_("Queues and agents"), "/queues", "phone"),
    Entry(N_("Gateways"), "/gateways", "server"),
    Entry(N_("API"), "/api", "file"),
    Entry(N_("Webhooks"), "/webhooks", "link", Right.MANAGE),
    Entry(N_("Settings check"), "/check", "check", Right.MANAGE),
    Entry(N_("Users"), "/users", "users", Right.MANAGE),
    Entry(N_("Tokens"), "/tokens", "link", Right.MANAGE),
    Entry(N_("Audit log"), "/audit", "file", Right.MANAGE),
)


def open_to(entries: tuple[Entry, ...], caller: Identity | None) -> list[Entry]:
    """Those whose page this caller may see; before the login none."""
    return [entry for entry in entries if caller is not None and may(caller, entry.right)]
