"""Who asks for previews, for API and pages alike."""

from aiohttp import web

from admin.errors import Refused
from admin.keys import IDENTITY, PREVIEWS
from dialer.engine.previews import Previews


def previews_of(request: web.Request) -> Previews:
    """Refused (409) without an engine."""
    found = request.app[PREVIEWS]
    if found is None:
        raise Refused(409, "no engine runs in this process, so nothing is offered")
    return found


def user_of(request: web.Request) -> str:
    """A person by name; a program by the name of its token, which can't be taken for a person's."""
    identity = request[IDENTITY]
    return identity.name if identity.csrf else f"token:{identity.name}"
