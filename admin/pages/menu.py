"""What the main menu offers, and to whom. An entry's name is also the `section` of its pages."""

from dataclasses import dataclass

from admin.auth import may
from admin.keys import Identity
from dialer.operations.users import Right


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    path: str
    icon: str
    right: Right = Right.READ


MAIN = (
    Entry("Agent", "/agent", "phone", Right.TALK),
    Entry("Campaigns", "/campaigns", "flag"),
    Entry("Contacts", "/contacts", "users"),
    Entry("Live", "/live", "activity"),
)
#: Under "Administration".
UPKEEP = (
    Entry("Do not contact", "/do-not-contact", "stop"),
    Entry("Calls", "/attempts", "phone"),
    Entry("Texts", "/messages", "message"),
    Entry("Fields", "/contact-fields", "settings"),
    Entry("Queues and agents", "/queues", "phone"),
    Entry("Gateways", "/gateways", "server"),
    Entry("API", "/api", "file"),
    Entry("Webhooks", "/webhooks", "link", Right.MANAGE),
    Entry("Settings check", "/check", "check", Right.MANAGE),
    Entry("Users", "/users", "users", Right.MANAGE),
    Entry("Tokens", "/tokens", "link", Right.MANAGE),
    Entry("Audit log", "/audit", "file", Right.MANAGE),
)


def open_to(entries: tuple[Entry, ...], caller: Identity | None) -> list[Entry]:
    """Those whose page this caller may see; before the login none."""
    return [entry for entry in entries if caller is not None and may(caller, entry.right)]
