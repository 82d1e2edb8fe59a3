"""The call that is made for a request, out of its step, its campaign and the settings."""

from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Settings
from dialer.ami.originate import OriginateCall
from dialer.domain.campaign import Campaign
from dialer.domain.gateway import VoiceGateway
from dialer.engine.placing import call_of
from dialer.operations.attempts import Intent
from dialer.operations.campaigns import DEFAULTS
from dialer.operations.readiness import warnings
from dialer.store.requests import ContactRequest
from dialer.strategy.model import default_strategy

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def campaign(**fields: Any) -> Campaign:
    blank = dict.fromkeys(Campaign.__dataclass_fields__)
    return Campaign(**{**blank, **DEFAULTS, "id": 1, **fields})  # type: ignore[arg-type]


def placed(payload: dict[str, Any], settings: Settings | None = None, **fields: Any) -> OriginateCall:
    blank = dict.fromkeys(ContactRequest.__dataclass_fields__)
    request = ContactRequest(**{**blank, "address": "+12025550101", "payload": {"ring_s": 25, **payload}})  # type: ignore[arg-type]
    intent = Intent("01J00000000000000000000001", request, "carrier", "sales")
    gateway = VoiceGateway(name="Carrier", dial="PJSIP/{number}@carrier")
    return call_of(settings or Settings(), intent, campaign(**fields), gateway)


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("own", "pack", "waits"), [(None, "none", 20), (5, "none", 5), (None, "us-federal", 2), (5, "uk", 2), (1, "uk", 1)]
)
def test_nobody_waits_longer_than_campaign_and_rules_say(own: int | None, pack: str, waits: int) -> None:
    assert placed({}, queue_wait_s=own, rule_pack=pack).queue_wait_s == waits


@pytest.mark.req("D7")
def test_what_the_rules_make_of_the_wait_and_want_to_be_heard_is_warned_of() -> None:
    told = {
        w.field: w.reason for w in warnings(campaign(queue_wait_s=5, rule_pack="us-federal"), default_strategy(), NOON)
    }
    assert told["queue_wait_s"].startswith("people wait 2 s at most, by ")
    assert "asks for a message" in told["abandoned_message"]
    fine = campaign(queue_wait_s=2, abandoned_message="custom/sorry", rule_pack="us-federal")
    assert not {"queue_wait_s", "abandoned_message"} & {w.field for w in warnings(fine, default_strategy(), NOON)}


@pytest.mark.req("D4")
@pytest.mark.parametrize(
    ("payload", "amd", "message"),
    [
        ({}, False, ""),  # a request from before the detection
        ({"amd": "off", "machine_message": "custom/us"}, False, ""),
        ({"amd": "hang_up", "machine_message": "custom/us"}, True, ""),
        ({"amd": "leave_message", "machine_message": "custom/us"}, True, "custom/us"),
    ],
)
def test_machines_are_looked_for_only_where_the_step_says_so(payload: dict[str, Any], amd: bool, message: str) -> None:
    call = placed(payload)
    assert (bool(call.amd), call.machine_message) == (amd, message)
