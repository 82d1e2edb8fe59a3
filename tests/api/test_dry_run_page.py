"""The page of a dry run: a form with defaults, a result, and what is wrong at its field."""

import json
import re
from html import unescape

import pytest

from tests.api.test_pages import Browser, campaign_with_contacts, manager

__all__ = ["manager"]
pytestmark = pytest.mark.req("S7")
SURE = {
    "agents": "1", "answer_rate": "100", "busy_share": "0", "invalid_share": "0", "variation": "0", "talk_s": "60",
    "ring_s": "10", "wrap_up_s": "0", "horizon_days": "2", "seed": "1",
}  # fmt: skip


def figure(text: str, name: str) -> str:
    return re.findall(rf'data-figure="{name}">([^<]+)<', text)[0]


async def test_the_form_has_defaults_and_no_result(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    text = await manager.get(f"{path}/dry-run")
    assert "Nothing simulated yet" in text
    assert 'name="answer_rate" type="text" value="30"' in text
    assert 'name="agents" type="text" value="1"' in text  # as many as sit in the queue
    assert 'id="result"' not in text


async def test_the_result_is_shown_with_its_chart(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    text = await manager.post(f"{path}/dry-run", 200, SURE)
    assert figure(text, "finishes") == "2 min"
    assert (figure(text, "reached"), figure(text, "calls"), figure(text, "utilisation")) == ("2", "2", "86 %")
    chart = json.loads(unescape(re.findall(r'data-chart="([^"]+)"', text)[0]))
    assert chart["calls"] == [2]
    assert chart["zone"] == "UTC"
    assert "Everybody is reached." in text
    assert "Nothing simulated yet" not in text
    by_hour = {**SURE, "agents": ", ".join(["0"] * 13 + ["1"] * 11), "measured": "yes"}
    text = await manager.post(f"{path}/dry-run", 200, by_hour)
    assert figure(text, "finishes") == "1 h 2 min"
    assert "too few calls so far" in text


async def test_without_contacts_it_does_not_say_that_everybody_is_reached(manager: Browser) -> None:
    path = f"/campaigns/{(await manager.server.runnable())['id']}"
    text = await manager.post(f"{path}/dry-run", 200, SURE)
    assert "there was nothing to simulate" in text
    assert "Everybody is reached" not in text
    assert "data-figure" not in text


async def test_what_is_wrong_stands_at_its_field(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    text = await manager.post(f"{path}/dry-run", 422, {**SURE, "answer_rate": "130", "seed": "<b>"})
    assert re.search(r'id="fault-answer_rate"[^>]*>should be a number from 0 to 100<', text)
    assert re.search(r'id="fault-seed"[^>]*>should be a whole number', text)
    assert 'value="&lt;b&gt;"' in text
    assert '<details class="way" open>' in text
    assert 'id="result"' not in text


async def test_who_may_not_edit_and_what_has_ended_say_so(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    await manager.server.ok("POST", f"{path}/end")
    assert "nothing left to foresee" in await manager.get(f"{path}/dry-run")
    assert "can&#39;t be simulated" in await manager.post(f"{path}/dry-run", 409, SURE)
    viewer = Browser(manager.server)
    await viewer.log_in("the-viewer")
    running = await campaign_with_contacts(manager.server)
    assert "Who may edit campaigns can simulate this one" in await viewer.get(f"{running}/dry-run")
    await viewer.post(f"{running}/dry-run", 403, SURE)
