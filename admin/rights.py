"""Which right a call needs, by its method and address: one table for pages and API. Pure."""

import re

from dialer.operations.users import Right

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What an unsafe method needs by the last part of its address; anything else is a change.
_RIGHT_OF_LAST_PART = {
    "publish": Right.OPERATE,
    "unpublish": Right.OPERATE,
    "check": Right.READ,  # saves nothing
    "preview": Right.READ,  # saves nothing
}
# What not every role may read: keys, and all that was done with a person's number, over all campaigns.
_RIGHT_TO_READ = {
    "key": Right.WRITE,
    "evidence": Right.OPERATE,
    "evidence.csv": Right.OPERATE,
}
# Things under a name that people choose: a gateway called "check" is still a gateway.
_NAMED = ("/gateways/", "/contact-fields/")
# People, the server itself, and whom it tells of everybody.
_MANAGED = re.compile(r"(/api/v1)?/(users|tokens|audit|check|webhooks)(/|$)")
_AGENT_PAGE = re.compile(r"(/api/v1)?/agent(/|$)")
# For everybody who is logged in: the way out, and the way to where each role begins.
_EVERYBODYS = re.compile(r"/|/logout|(/api/v1)?/account(/.*)?")


def is_everybodys(path: str) -> bool:
    """Open to each role, and each of its tokens."""
    return _EVERYBODYS.fullmatch(path) is not None


def right_for(method: str, path: str) -> Right:
    """What a call needs: reading is open to every role, see RIGHTS, but for keys."""
    last = path.rstrip("/").rpartition("/")[2]
    if _AGENT_PAGE.match(path):
        return Right.TALK
    if _MANAGED.match(path):
        return Right.MANAGE
    if method in SAFE_METHODS:
        return _RIGHT_TO_READ.get(last, Right.READ)
    if path.removeprefix("/api/v1").startswith(_NAMED):
        return Right.WRITE  # whatever somebody has called it
    return _RIGHT_OF_LAST_PART.get(last, Right.WRITE)
