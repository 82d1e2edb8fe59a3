"""The strategy as a list of forms: every button, what is refused, and who may not."""

import re
from html import unescape

import pytest

from tests.api.test_pages import Browser, manager

__all__ = ["manager"]


@pytest.fixture
async def path(manager: Browser) -> str:
    made = await manager.server.campaign(template="survey-by-reply")
    return f"/campaigns/{made['id']}/strategy"


def fields(page: str) -> list[tuple[str, str]]:
    """What a browser would send of the form in the page."""
    form = page[page.index('strategy/steps" novalidate>') :]
    form = form[: form.index("</form>")]
    found = []
    controls = re.finditer(
        r'<input [^>]*?name="(?P<i>[^"]+)"[^>]*>|<textarea [^>]*?name="(?P<t>[^"]+)"[^>]*>(?P<text>.*?)</textarea>'
        r'|<select [^>]*?name="(?P<s>[^"]+)"[^>]*>(?P<options>.*?)</select>',
        form, re.DOTALL,
    )  # fmt: skip
    for control in controls:
        whole = control[0]
        if control["t"]:
            found.append((control["t"], control["text"]))
        elif control["s"]:
            values = re.findall(r'<option value="([^"]*)"( selected)?', control["options"])
            chosen = [value for value, selected in values if selected] or [values[0][0]]
            found.append((control["s"], chosen[0]))
        elif 'type="checkbox"' not in whole or " checked" in whole:
            value = re.search(r'value="([^"]*)"', whole)
            found.append((control["i"], value[1] if value else ""))
    return [(unescape(name), unescape(value)) for name, value in found if name not in {"csrf", "new"}]


def put(form: list[tuple[str, str]], name: str, value: str) -> list[tuple[str, str]]:
    assert any(one == name for one, _ in form), name
    return [(one, value if one == name else held) for one, held in form]


@pytest.mark.req("S1", "S6")
async def test_saving_what_is_there_changes_nothing(manager: Browser, path: str) -> None:
    before = await manager.server.ok("GET", path)
    form = fields(await manager.get(f"{path}/steps"))
    assert await manager.post(f"{path}/steps", 303, [*form, ("do", "save")]) == f"{path}/steps?saved=1"
    assert await manager.server.ok("GET", path) == before
    assert (await manager.server.ok("GET", path.removesuffix("/strategy")))["strategy_version"] == 1
    assert "Saved." in await manager.get(f"{path}/steps?saved=1")


@pytest.mark.req("S1")
async def test_a_step_is_added_wired_and_removed(manager: Browser, path: str) -> None:
    form = fields(await manager.get(f"{path}/steps"))
    page = await manager.post(f"{path}/steps", 200, [*form, ("do", "add"), ("new", "wait")])
    form = put(put(fields(page), "wait|duration", "2h"), "wait|out|next", "call")
    form = put(form, "low|out|next", "wait")
    await manager.post(f"{path}/steps", 303, [*form, ("do", "save")])
    stored = {node["id"]: node for node in (await manager.server.ok("GET", path))["nodes"]}
    assert (stored["wait"]["fields"], stored["wait"]["out"]) == ({"kind": "for", "duration": "2h"}, {"next": "call"})
    assert stored["low"]["out"] == {"next": "wait"}
    page = await manager.post(
        f"{path}/steps", 200, [*fields(await manager.get(f"{path}/steps")), ("do", "remove:wait")]
    )
    assert 'id="step-wait"' not in page
    assert ("low|out|next", "") in fields(page)
    assert "wait" in [node["id"] for node in (await manager.server.ok("GET", path))["nodes"]], "nothing is saved yet"


@pytest.mark.req("S2")
async def test_what_is_refused_stands_at_its_field_and_stays_typed(manager: Browser, path: str) -> None:
    form = put(fields(await manager.get(f"{path}/steps")), "call|tries", "99")
    page = await manager.post(f"{path}/steps", 422, [*form, ("do", "save")])
    assert "Nothing was saved" in page
    assert 'value="99"' in page
    assert '<a class="alert-link" href="#step-call">' in page
    checked = await manager.post(f"{path}/steps", 200, [*form, ("do", "check")])
    assert "It can&#39;t run like this" in checked
    well = put(form, "call|tries", "4")
    assert "It can run. Nothing was saved yet." in await manager.post(f"{path}/steps", 200, [*well, ("do", "check")])


@pytest.mark.req("S2")
async def test_the_second_of_two_editors_is_told(manager: Browser, path: str) -> None:
    form = fields(await manager.get(f"{path}/steps"))
    await manager.post(f"{path}/steps", 303, [*put(form, "call|ring_s", "30"), ("do", "save")])
    late = await manager.post(f"{path}/steps", 409, [*put(form, "call|ring_s", "40"), ("do", "save")])
    assert "Somebody else changed the strategy" in late
    assert 'value="40"' in late


@pytest.mark.req("S1")
async def test_rules_come_and_go_with_their_ways(manager: Browser, path: str) -> None:
    page = await manager.post(
        f"{path}/steps", 200, [*fields(await manager.get(f"{path}/steps")), ("do", "rule:answer")]
    )
    assert ("answer|out|rule3", "") in fields(page)
    page = await manager.post(f"{path}/steps", 200, [*fields(page), ("do", "unrule:answer:1")])
    ways = dict(fields(page))
    assert (ways["answer|out|rule1"], ways["answer|out|rule2"]) == ("high", "")


@pytest.mark.req("S1", "A2")
async def test_who_may_not_edit_reads(manager: Browser, path: str) -> None:
    form = fields(await manager.get(f"{path}/steps"))
    await manager.server.ok("POST", f"{path.removesuffix('/strategy')}/end")
    ended = await manager.get(f"{path}/steps")
    assert "<fieldset disabled>" in ended
    assert 'value="save"' not in ended
    assert "ended" in await manager.post(f"{path}/steps", 409, [*form, ("do", "save")])
    await manager.log_in("the-viewer")
    assert "<fieldset disabled>" in await manager.get(f"{path}/steps")
    await manager.post(f"{path}/steps", 403, [*form, ("do", "save")])
