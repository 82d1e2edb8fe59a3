"""What is refused because something else was faster: it says why and what to do, and what was typed or chosen stays."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import both
from tests.browser.test_source_ways import MANY, PEOPLE, new
from tests.browser.test_states import no_network
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.waiting import until

RESERVE_S = 5  # the least: an offer that nobody answers goes back soon
CSV = b"Rufnummer,Vorname\n030 123456,Ada\n030 123457,Ben\n"


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    started = Server(tmp_path, lab, DIALER_PREVIEW__RESERVE_S=str(RESERVE_S))
    await started.start()
    await started.add_gateways(lab, 0)
    yield started
    await started.stop()


@pytest.mark.req("S7", "A3")
async def test_a_dry_run_while_too_many_wait_for_theirs_keeps_its_form(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    """One goes on and three wait; what is left of their time is a minute, and the same button does it then."""
    campaign = await server.campaign(lab, [number(Callee.ANSWER, 500 + i) for i in range(9_000)], strategy(call()))
    await log_in(page, login)
    await page.goto(f"/campaigns/{campaign}/dry-run")
    others = [
        asyncio.create_task(server.call("POST", f"/campaigns/{campaign}/simulate", json={"horizon_days": 30}))
        for _ in range(5)
    ]
    done, under_way = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    assert [one.result()[0] for one in done] == [429], "the fifth"
    await page.get_by_label("Answered, in %").fill("45")
    await page.get_by_role("button", name="Simulate").click()
    told = page.locator("#refused")
    await expect(told).to_contain_text("3 others wait for their dry run already: try again in a minute")
    await expect(page.get_by_label("Answered, in %")).to_have_value("45")
    await both(page, "dry-run-crowded")
    for one in under_way:
        one.cancel()
    await asyncio.wait(under_way)

    async def free() -> bool:
        return bool((await server.call("POST", f"/campaigns/{campaign}/simulate", json={"horizon_days": 1}))[0] == 200)

    await until(free, "the others to be gone", 60.0)
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator("#result")).to_be_visible()
    await expect(told).to_have_count(0)
    await expect(page.get_by_label("Answered, in %")).to_have_value("45")


@pytest.mark.req("K5", "A3")
async def test_an_import_that_is_faster_than_its_check_names_the_field(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    path = await new(server)
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    await page.set_input_files("#file", {"name": "leute.csv", "mimeType": "text/csv", "buffer": CSV})
    await page.get_by_label("Rufnummer").select_option("phone")
    await page.get_by_label("Region of numbers").fill("DE")
    await page.get_by_label("Region of numbers").press("Tab")
    await expect(page.get_by_role("button", name="Import 2 rows")).to_be_enabled()
    await page.route("**/preview", no_network)
    await page.get_by_label("Region of numbers").fill("QQ")
    await page.get_by_role("button", name="Import 2 rows").click()
    fault = page.locator("#fault-region")
    await expect(fault).to_contain_text("'QQ' is not a region")
    await expect(fault).to_contain_text("two letters")
    await expect(page.get_by_label("Region of numbers")).to_have_value("QQ")
    await expect(page.get_by_label("Rufnummer")).to_have_value("phone")
    await expect(page.get_by_label("Vorname")).to_have_value("vorname")
    await both(page, "upload-refused")
    await page.unroute("**/preview")
    await page.get_by_label("Region of numbers").fill("DE")
    await page.get_by_label("Region of numbers").press("Tab")
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(page.locator('#source-1 [data-cell="created"]')).to_have_text("2")


async def not_yet(route: Route) -> None:
    """Of the page that was opened nothing is counted; of the one that a refusal makes it is."""
    opened = route.request.headers["hx-current-url"].endswith("/sources")
    await (route.abort() if opened else route.continue_())


@pytest.mark.req("K9", "A3")
async def test_a_filter_that_is_sent_before_it_was_counted_keeps_its_conditions(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    other, path = await new(server), await new(server)
    await server.ok("POST", f"{other}/contacts", json=PEOPLE)
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    await page.get_by_text("From contacts that are here already").click()
    form = page.locator("#filter")
    await expect(form.get_by_role("button", name="Add 40 contacts")).to_be_visible()
    await page.route("**/filter/preview", not_yet)
    await form.get_by_label("Search names and numbers").fill("P3")
    await form.get_by_label("Field of condition 1").fill("nonsense")
    await form.get_by_label("Value of condition 1").fill("Bonn")
    await form.get_by_label("Value of condition 1").press("Enter")
    await expect(form.get_by_role("alert")).to_contain_text("'nonsense' is not a field to filter by: take")
    await expect(form.get_by_label("Search names and numbers")).to_have_value("P3")
    await expect(form.get_by_label("Field of condition 1")).to_have_value("nonsense")
    await expect(form.get_by_label("Field of condition 1")).to_be_focused()
    await expect(form.get_by_label("Value of condition 1")).to_have_value("Bonn")
    await both(page, "filter-refused")
    await form.get_by_label("Field of condition 1").fill("attributes.city")
    await form.get_by_role("button", name="Add 6 contacts").click()
    await expect(page.locator('[data-cell="created"]')).to_have_text("6")
    assert (await server.ok("GET", path))["contacts"]["total"] == 6


@pytest.mark.req("K8", "A3")
async def test_a_source_that_somebody_else_has_removed_or_cancelled_says_so(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    other, path = await new(server), await new(server)
    await server.ok("POST", f"{path}/contacts", json=PEOPLE[:5])
    await server.ok("POST", f"{other}/contacts", json=PEOPLE[:2])
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    await page.locator("#source-1").get_by_role("link", name="Remove").click()
    remove = page.get_by_role("dialog").get_by_role("button", name="Remove it")
    await expect(remove).to_be_visible()
    await server.ok("DELETE", f"{path}/sources/1")
    await remove.click()
    told = page.get_by_role("alert").filter(has_text="That was not possible")
    await expect(told).to_contain_text(
        "The source 1 can't be removed: it was removed already, and what is left of it was contacted or is shared"
    )
    await expect(page.locator("#source-1")).to_contain_text("removed")
    await both(page, "removal-refused")
    await page.reload()  # of an address that only takes forms
    await expect(page).to_have_url(f"{path}/sources")
    await expect(told).to_have_count(0)

    rows = "".join(f"+4930{1_000_000 + n}\n" for n in range(MANY))
    csv = {"data": io.BytesIO(f"phone\n{rows}".encode()), "headers": {"Content-Type": "text/csv"}}
    made = await server.ok("POST", f"{path}/sources?name=many.csv", **csv)
    await page.route("**/live*", no_network)  # so the button stays
    await page.goto(f"{path}/sources")
    cancel = page.locator(f"#source-{made['id']}").get_by_role("button", name="Cancel the import of many.csv")
    await expect(cancel).to_be_visible()
    await server.ok("POST", f"{path}/sources/{made['id']}/cancel")
    await cancel.click()
    await expect(told).to_contain_text("cancelled")
    await page.unroute("**/live*")
    await expect(page.locator(f"#source-{made['id']}")).to_contain_text("cancelled")
    await expect(page.get_by_text("The connection was lost")).to_be_hidden()
    await picture(page, "cancel-refused")


@pytest.mark.req("C2", "D1", "A3")
async def test_an_offer_that_has_gone_back_when_the_agent_accepts_it(server: Server, page: Page, lab: Lab) -> None:
    """Nobody is called; why stands above the next offer, and passes with the next answer."""
    code, out = await server.run("user", "create", "--name", "ann", "--role", "agent", typed="correct horse battery\n")
    assert code == 0, out
    numbers = [number(Callee.ANSWER, 8900 + n) for n in range(4)]
    campaign = await server.campaign(lab, numbers, strategy(call()), dialing_modes=["preview"])
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await page.goto("/login")
    await page.get_by_label("Name").fill("ann")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_label("Your telephone").select_option(f"PJSIP/{lab.agents[0]}")
    await page.get_by_role("button", name="I am ready").click()
    accept = page.get_by_role("button", name="Call now")
    await expect(accept).to_be_visible()
    shown = await page.locator("#desk .h2").inner_text()
    contact = numbers.index(shown.replace(" ", "")) + 1

    async def late(route: Route) -> None:
        """The click was in time, and is on its way until the offer has gone back."""
        await until(gone_back, "the offer to go back", 60.0)
        await route.continue_()

    async def gone_back() -> bool:
        trail = await server.ok("GET", f"/contacts/{contact}/trail")
        return trail["items"][-1]["kind"] == "preview-timed-out"

    await page.route("**/accept", late)
    await accept.click()
    told = page.get_by_role("status").filter(has_text="The offer is over: its time has run out")
    await expect(told).to_be_visible()
    await both(page, "offer-over")
    await page.unroute("**/accept")
    assert (await server.ok("GET", "/attempts"))["total"] == 0
    await page.get_by_role("button", name="Pause").click()
    await expect(told).to_have_count(0)
