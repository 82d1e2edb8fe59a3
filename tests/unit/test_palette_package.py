"""The npm package with the steps, as a Node-RED of somebody's own would load it."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.studio.package import NAME, files
from dialer.strategy.palette import palette
from dialer.strategy_cli import cli
from sms.lab.smsc import node

TYPES = [step["type"] for step in palette()]
# As much of the editor as registering takes.
_EDITOR = """
const types = {};
const RED = { nodes: { registerType: (type, definition) => { types[type] = definition; }, createNode() {} } };
%s
const told = Object.entries(types).map(([type, one]) => [type, one.outputs, Object.keys(one.defaults)]);
console.log(JSON.stringify(told));
"""


def _run(script: str) -> object:
    done = subprocess.run([node(), "-"], input=script.encode(), capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.req("S1")
def test_the_editor_gets_every_step_with_its_fields() -> None:
    html = files()["campaign-steps.html"]
    (script,) = re.findall(r'<script type="text/javascript">(.*?)</script>', html, re.DOTALL)
    expected = [
        [
            step["type"],
            len(step["ports"]) + bool(step["rules"]),
            ["name", *(["outputs"] if step["rules"] else []), *names],
        ]
        for step in palette()
        if (names := [field["name"] for field in step["fields"]]) is not None
    ]
    assert _run(_EDITOR % script) == expected
    assert re.findall(r'data-template-name="([^"]+)"', html) == TYPES
    assert "steps.js" not in html


@pytest.mark.req("S1")
def test_the_runtime_registers_every_step_and_runs_none() -> None:
    script = """
    const module = {};
    %s
    const made = [];
    const RED = { nodes: { registerType: (type, make) => { made.push(type); make.call({ status() {} }, {}); }, createNode() {} } };
    module.exports(RED);
    console.log(JSON.stringify(made));
    """
    assert _run(script % files()["campaign-steps.js"]) == TYPES


def test_it_is_written_to_a_new_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "palette"
    done = CliRunner().invoke(cli, ["palette", str(folder)])
    assert done.exit_code == 0, done.output
    manifest = json.loads((folder / "package.json").read_text())
    assert manifest["name"] == NAME
    assert (folder / manifest["node-red"]["nodes"]["campaign-steps"]).exists()
    again = CliRunner().invoke(cli, ["palette", str(folder)])
    assert (again.exit_code, "File exists" in again.output) == (1, True)
