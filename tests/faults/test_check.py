"""`dialer check` says that all is well, or what is wrong and how to mend it, and its exit code says so too."""

from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from dialer.domain.checkup import device_of
from sms.lab.smsc import Smsc
from tests.support.rig import call, strategy
from tests.support.server import Server


@pytest.mark.req("A6")
async def test_check_finds_all_well_and_each_fault_with_its_remedy(lab: Lab, smsc: Smsc, tmp_path: Path):
    server = Server(tmp_path, lab)
    code, out = await server.run("check")
    assert code == 1
    assert "run `dialer migrate`" in out
    assert (await server.run("migrate"))[0] == 0
    await server.start()
    try:
        campaign = await server.campaign(lab, ["+12025550101"], strategy(call()), smsc_port=smsc.port)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
    finally:
        await server.stop()
    code, out = await server.run("check")
    assert code == 0, out
    assert "not ok" not in out
    for line in (
        "database", "AMI: logged in", "queue support: 4 agents", "dialplan: context dialer is there",
        "voice gateway world: PJSIP/world is there", "SMS gateway smsc", "machine detection: app_amd is loaded",
    ):  # fmt: skip
        assert line in out, line
    await assert_faults(server, lab, smsc)


async def assert_faults(server: Server, lab: Lab, smsc: Smsc) -> None:
    await fault(server, "DIALER_AMI__SECRET", secret="wrong", DIALER_AMI__SECRET="wrong")
    await fault(server, "DIALER_AMI__PORT", DIALER_AMI__PORT="9")
    await fault(server, "there is no context nowhere", DIALER_AMI__CONTEXT="nowhere")
    await fault(server, "DIALER_DATABASE__URL", DIALER_DATABASE__URL="postgresql://nobody@127.0.0.1:9/none")
    await smsc.kill()
    await fault(server, "SMS gateway smsc")
    for file, section in (("queues.conf", "[support]"), ("pjsip.conf", "[world]")):
        path = lab.pbx.folder / "etc" / file
        path.write_text(path.read_text().replace(section, section.replace("[", "[other-")))
    await lab.pbx.command("core reload")
    out = await fault(server, "queue support: a published campaign uses it")
    assert "Asterisk has no PJSIP/world" in out


async def fault(server: Server, words: str, *, secret: str = "", **environment: str) -> str:
    """A check that must fail, name this, and give a remedy; a secret is never shown."""
    code, out = await server.run("check", **environment)
    assert code == 1, out
    assert words in out
    assert "→" in out
    assert not secret or f"'{secret}'" not in out
    return out


@pytest.mark.parametrize(
    ("dial", "device"),
    [
        ("PJSIP/{number}@carrier", "PJSIP/carrier"),
        ("PJSIP/carrier/{number}", "PJSIP/carrier"),
        ("PJSIP/carrier/sip:{number}@10.0.0.1:5060", "PJSIP/carrier"),
        ("SIP/carrier/{number}", "SIP/carrier"),
        ("Local/{number}@trunk/n", None),
        ("DAHDI/{number}", None),
    ],
)
def test_the_device_behind_a_dial_string(dial: str, device: str | None):
    assert device_of(dial) == device
