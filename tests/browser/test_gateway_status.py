"""How an SMS gateway is, in the browser: its page follows what a real SMSC answers, by itself."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import strategy, text
from tests.support.server import Server


@pytest.mark.req("M1", "A3")
async def test_the_page_of_an_sms_gateway_follows_what_the_smsc_answers(
    server: Server, page: Page, login: tuple[str, str], lab: Lab, smsc: Smsc
) -> None:
    await log_in(page, login)
    await page.goto("/gateways/smsc")
    card = page.locator("#sms-gateway")
    await expect(card).to_contain_text("transceiver")
    await expect(card).to_contain_text("The SMSC has refused nothing.")
    phones = [number(Callee.ANSWER, 870 + n) for n in range(3)]
    campaign = await server.campaign(lab, phones, strategy(text()), sms_gateway="smsc")
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await expect(card.get_by_role("listitem").filter(has_text="accepted")).to_contain_text("3")
    await picture(page, "gateway-texts-light")
    await smsc.kill()
    await expect(card).to_contain_text("closed")
    await page.set_viewport_size({"width": 390, "height": 844})
    await picture(page, "gateway-texts-phone")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await picture(page, "gateway-texts-dark")


@pytest.mark.req("M1", "M2", "A3")
@pytest.mark.usefixtures("server")
async def test_a_test_message_is_sent_from_the_page_and_followed(
    page: Page, login: tuple[str, str], smsc: Smsc
) -> None:
    await smsc.set(receipt_delay_ms=1500)
    await log_in(page, login)
    await an_account_is_made_and_changed(page, smsc.port)
    await page.goto("/gateways/smsc")
    await expect(page.locator("#sms-gateway")).to_contain_text("transceiver")
    tests = page.get_by_label("Test message")
    await expect(tests).to_contain_text("No test message has been sent yet.")
    await tests.get_by_label("Number").fill("12")
    await tests.get_by_label("Text").fill("Hello \N{SNOWMAN} from the gateway")
    await expect(tests).to_contain_text("UCS-2, 1 segment")
    await picture(page, "gateway-test-typed")
    await tests.get_by_role("button", name="Send").click()
    await expect(tests).to_contain_text("Nothing was sent")
    await picture(page, "gateway-test-refused")
    await tests.get_by_label("Number").fill("+491701234567")
    await tests.get_by_role("button", name="Send").click()
    await expect(tests.get_by_role("listitem")).to_contain_text("delivered")
    await picture(page, "gateway-test-delivered")
    await page.set_viewport_size({"width": 390, "height": 844})
    await picture(page, "gateway-test-phone")
    assert [one.text for one in smsc.ledger()][-1] == "Hello \N{SNOWMAN} from the gateway"


async def an_account_is_made_and_changed(page: Page, port: int) -> None:
    """Its form, up to its link; what is wrong is said at its field, and nothing typed is lost but the password."""
    await page.goto("/gateways")
    await page.get_by_role("link", name="New SMS gateway").click()
    await page.get_by_label("Name").fill("Second account")
    await page.get_by_label("Port", exact=True).fill("99999")
    await page.get_by_label("Password").fill("secret")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#fault-host")).not_to_be_empty()
    await expect(page.locator("#fault-port")).to_contain_text("65535")
    await expect(page.get_by_label("Name")).to_have_value("Second account")
    await picture(page, "gateway-sms-faults")
    await page.get_by_label("Host of the SMSC").fill("127.0.0.1")
    await page.get_by_label("Port", exact=True).fill(str(port))
    await page.get_by_label("System id").fill("dialer")
    await page.get_by_label("Sender id").fill("Shop")
    await page.get_by_label("Long texts").select_option("Whole, in message_payload")
    await page.set_viewport_size({"width": 390, "height": 844})
    await picture(page, "gateway-sms-phone")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_role("link", name="Second account", exact=True).click()
    await expect(page.locator("#sms-gateway")).to_contain_text("transceiver")
    await page.get_by_label("Most texts sent in a second").fill("5")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("link", name="Second account", exact=True).click()
    await expect(page.get_by_label("Most texts sent in a second")).to_have_value("5")
    await expect(page.get_by_label("Long texts")).to_have_value("payload")
    await picture(page, "gateway-sms-saved")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("link", name="Second account")).to_have_count(0)
