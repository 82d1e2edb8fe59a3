"""Every address of the studio. All but the frame are what the Node-RED editor asks for, relative to its page."""

from collections.abc import Iterable

from aiohttp import web

from admin.studio import comms, drafts, files, flows, nodes, pages, settings

STUDIO = r"/studio/{campaign:\d{1,18}}"
EDITOR = f"{STUDIO}/editor/"


def routes() -> Iterable[web.AbstractRouteDef]:
    return [
        web.get("/static/node-red/{name:.+}", files.serve),
        web.get(STUDIO, pages.frame),
        web.get(EDITOR, pages.editor),
        web.get(f"{EDITOR}settings", settings.settings),
        web.get(f"{EDITOR}settings/user", settings.user_settings),
        web.post(f"{EDITOR}settings/user", settings.user_settings),
        web.get(f"{EDITOR}theme", settings.theme),
        web.get(f"{EDITOR}plugins", settings.plugins),
        web.get(f"{EDITOR}plugins/messages", settings.nothing),
        web.get(f"{EDITOR}nodes", nodes.nodes),
        web.get(f"{EDITOR}nodes/messages", settings.node_messages),
        web.get(f"{EDITOR}flows", flows.read),
        web.post(f"{EDITOR}flows", flows.deploy),
        web.post(f"{EDITOR}flows/check", flows.foresee),
        web.post(f"{EDITOR}draft", drafts.save),
        web.delete(f"{EDITOR}draft", drafts.discard),
        web.get(f"{EDITOR}comms", comms.comms),
        web.get(f"{EDITOR}icons", settings.icons),
        web.get(f"{EDITOR}locales/{{name}}", settings.locale),
        web.get(f"{EDITOR}auth/login", settings.nothing),
        web.get(f"{EDITOR}credentials/{{type}}/{{node}}", settings.nothing),
        web.get(f"{EDITOR}steps.js", nodes.steps_script),
        web.get(EDITOR + r"core/{name:[a-z]+}.js", nodes.core_script),
        web.get(EDITOR + "{name:.+}", files.serve),
    ]
