"""The steps as an npm package, for people who draw in a Node-RED of their own: the same palette and dialogs as in the studio.

There the steps only draw: a flow that is exported from it is deployed here (`/strategy/flow`).
"""

import re
from importlib.metadata import version
from typing import Any

import orjson

from admin.pages.assets import STATIC
from admin.pages.render import environment
from dialer.strategy.palette import palette

NAME = "node-red-contrib-campaign-dialer"
_HERE_ONLY = {"queue", "voice-gateway", "sms-gateway", "attribute", "zone"}  # chosen from a list there; typed elsewhere
_RUNTIME = """// Steps of a campaign's strategy. They are drawn here and run by the campaign dialer.
module.exports = function (RED) {
  for (const type of %s) {
    RED.nodes.registerType(type, function (config) {
      RED.nodes.createNode(this, config);
      this.status({ fill: 'grey', shape: 'ring', text: 'runs in the campaign dialer' });
    });
  }
};
"""


def files() -> dict[str, str]:
    """Name → content of every file of the package."""
    steps = [_typed(step) for step in palette()]
    manifest = {
        "name": NAME,
        "version": version("campaign-dialer"),
        "description": "The steps of campaign strategies, to be drawn in Node-RED and run by the campaign dialer",
        "license": "MIT",
        "keywords": ["node-red"],
        "engines": {"node": ">=18"},
        "node-red": {"version": ">=3.1", "nodes": {"campaign-steps": "campaign-steps.js"}},
    }
    return {
        "package.json": _json(manifest, indent=True) + "\n",
        "campaign-steps.js": _RUNTIME % _json([step["type"] for step in steps]),
        "campaign-steps.html": _dialogs(steps),
        "README.md": _README,
    }


def _typed(step: dict[str, Any]) -> dict[str, Any]:
    """What the server has names of is typed: elsewhere nobody knows them."""
    fields = [{**field, "kind": "text"} if field["kind"] in _HERE_ONLY else field for field in step["fields"]]
    return {**step, "fields": fields}


def _dialogs(steps: list[dict[str, Any]]) -> str:
    html = environment().get_template("studio/steps.html").render(steps=steps)
    html = re.sub(r'<script src="steps\.js"></script>\s*', "", html)
    script = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("say.js", "studio/palette.js"))
    registered = f"Studio.register({_json(steps)}, {{}});"
    return f'{html}\n<script type="text/javascript">\n(function () {{\n{script}\n{registered}\n}})();\n</script>\n'


def _json(value: Any, *, indent: bool = False) -> str:
    """No text in it ends the script that it stands in."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None).decode().replace("</", "<\\/")


_README = f"""# {NAME}

The steps of a campaign's strategy as Node-RED nodes: contacts in, call, text, wait, branch, time window, webhook, set
attribute, end. Install the folder into Node-RED (`npm install PATH` in its user directory), draw on one tab, export it as
JSON, and deploy that file:

    dialer strategy import CAMPAIGN flow.json

or `PUT /api/v1/campaigns/CAMPAIGN/strategy/flow`. Node-RED itself runs nothing of it.
"""
