"""Logging in and out."""

from aiohttp import web

from admin import auth
from admin.errors import Refused
from admin.keys import IDENTITY
from admin.language import said
from admin.pages.render import page


async def show(request: web.Request) -> web.StreamResponse:
    target = auth.local_path(request.query.get("next"), "/")
    if request.get(IDENTITY) is not None:
        raise web.HTTPSeeOther(target)
    return page(request, "login.html", error=None, name="", next=target)


async def enter(request: web.Request) -> web.StreamResponse:
    """A wrong password, or too many of them, is said on the form."""
    form = await request.post()
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    target = auth.local_path(str(form.get("next", "")), "/")
    try:
        cookie = await auth.login(request, name, password)
    except Refused as error:
        detail = said(error.problem.detail)
        message = f"{detail[:1].upper()}{detail[1:]}."
        response = page(request, "login.html", status=error.problem.status, error=message, name=name, next=target)
        response.headers.update(error.headers)
        return response
    answer = web.Response(status=303, headers={"Location": target})
    auth.set_cookie(request, answer, cookie)
    return answer


async def leave(request: web.Request) -> web.StreamResponse:
    await auth.logout(request)
    answer = web.Response(status=303, headers={"Location": "/login"})
    auth.drop_cookie(answer)
    return answer
