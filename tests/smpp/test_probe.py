"""`dialer check --bind`: a real bind to a real SMSC, and the refusal by its name."""

import pytest

from dialer.domain.checkup import Finding
from dialer.domain.gateway import SmsGateway
from dialer.operations import checkup
from sms.lab.smsc import Smsc


async def look(smsc: Smsc) -> Finding:
    gateway = SmsGateway(name="Texts", host="127.0.0.1", port=smsc.port, system_id="dialer")
    return await checkup.bound("texts", gateway)


@pytest.mark.req("M1")
async def test_a_check_binds_and_leaves(smsc: Smsc) -> None:
    found = await look(smsc)
    assert found.remedy == ""
    assert found.found.endswith("lets dialer bind")
    assert len(smsc.records()) >= 1
    assert (await look(smsc)).remedy == "", "the first one has left"


@pytest.mark.req("M1")
@pytest.mark.parametrize(
    ("code", "name", "remedy"),
    [(0x0E, "ESME_RINVPASWD", "password"), (0x0D, "ESME_RBINDFAIL", "only bind"), (0x05, "ESME_RALYBND", "only bind")],
)
async def test_a_refusal_is_told_by_its_name_and_remedy(smsc: Smsc, code: int, name: str, remedy: str) -> None:
    await smsc.set(bind_status=code)
    found = await look(smsc)
    assert name in found.found
    assert remedy in found.remedy


async def test_an_smsc_that_is_not_there(smsc: Smsc) -> None:
    await smsc.kill()
    assert "host, port" in (await look(smsc)).remedy
