"""The check of the settings: what is found, who may look, and that no secret is told."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from admin.rights import right_for
from config.effective import MASK, effective, without_password
from config.load import load
from config.settings import Ami, Database, Settings, Webhooks
from dialer.domain.checkup import Finding, Level, pages, worst
from dialer.operations.users import Right
from tests.api.conftest import Server

SECRETS = ("ami-secret-7531", "webhook-secret-of-16", "the-secret-key-of-16", "p4ssw0rd:@/x")


def with_secrets() -> Settings:
    return Settings(
        ami=Ami(secret=SecretStr(SECRETS[0])),
        webhooks=Webhooks(secret=SecretStr(SECRETS[1])),
        secret_key=SecretStr(SECRETS[2]),
        database=Database(url=f"postgresql://dialer:{SECRETS[3]}@db.example/dialer?passfile=/p4ss&sslmode=require"),
    )


@pytest.mark.req("A4")
async def test_each_finding_has_its_level_and_what_to_do(server: Server) -> None:
    sms = {"kind": "sms", "name": "Texts", "host": "127.0.0.1", "port": 9, "system_id": "dialer", "password": "smpp-pw"}
    gateway = (await server.ok("POST", "/gateways", 201, json=sms))["id"]
    found = await server.ok("GET", "/check")
    by_name = {one["what"]: one for one in found["findings"]}
    assert by_name["database"]["level"] == "ok"
    assert by_name["AMI"] == {
        "what": "AMI", "level": "fault", "found": "no engine runs in this process",
        "remedy": "start the server with `dialer serve`",
    }  # fmt: skip
    assert "host, port" in by_name[f"SMS gateway {gateway}"]["remedy"]
    assert found["level"] == "fault"
    server.texts[gateway] = {"state": "bound", "reason": ""}
    found = await server.ok("GET", "/check")
    assert f"SMS gateway {gateway}" in {one["what"] for one in found["findings"] if one["level"] == "ok"}
    server.texts[gateway] = {"state": "bind_refused", "reason": "ESME_RINVPASWD"}
    text = await (await server.call("GET", "/check")).text()
    assert "ESME_RINVPASWD" in text
    assert "smpp-pw" not in text


@pytest.mark.req("A4")
async def test_a_store_that_is_behind_is_a_fault(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        await tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    found = await server.ok("GET", "/check")
    assert found["findings"][0]["remedy"] == "run `dialer migrate`"


@pytest.mark.req("A2", "A4")
async def test_neither_the_answer_nor_the_page_tells_a_secret(server: Server) -> None:
    server.ctx.settings = with_secrets()
    headers = {"Authorization": f"Bearer {server.tokens['manager']}"}
    told = await (await server.call("GET", "/check")).text()
    for path in ("/check", "/check/found"):
        response = await server.client.get(path, headers=headers)
        assert response.status == 200
        told += await response.text()
    for secret in (*SECRETS, "/p4ss"):
        assert secret not in told
    assert MASK in told
    assert "db.example" in told


@pytest.mark.req("A2")
@pytest.mark.parametrize("role", ["supervisor", "viewer", "agent"])
@pytest.mark.parametrize("path", ["/check", "/check/found", "/check/", "/api/v1/check"])
async def test_only_managers_look(server: Server, path: str, role: str) -> None:
    response = await server.client.get(path, headers={"Authorization": f"Bearer {server.tokens[role]}"})
    assert response.status == 403


def test_a_gateway_called_check_is_read_by_everybody() -> None:
    assert right_for("GET", "/gateways/check") is Right.READ
    assert right_for("GET", "/api/v1/checks") is Right.READ


def test_each_setting_says_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dialer.toml"
    path.write_text('default_region = "DE"\n[ami]\nhost = "10.0.0.1"\nusername = "file"\n')
    monkeypatch.setenv("DIALER_AMI__USERNAME", "environment")
    monkeypatch.setenv("DIALER_LOG", '{"level": "error"}')
    origins = {one.key: (one.value, one.origin) for one in effective(load(path))}
    assert origins["ami.host"] == ("10.0.0.1", "file")
    assert origins["ami.username"] == ("environment", "environment")
    assert origins["ami.port"] == ("5038", "default")
    assert origins["default_region"] == ("DE", "file")
    assert origins["log.level"] == ("error", "environment")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite+aiosqlite:///dialer.db", "sqlite+aiosqlite:///dialer.db"),
        ("postgresql+asyncpg://dialer@db/x", "postgresql+asyncpg://dialer@db/x"),
        ("postgresql+asyncpg://dialer:a:b@c/d@db:5432/x", f"postgresql+asyncpg://dialer:{MASK}@db:5432/x"),
        ("postgresql+asyncpg:///x?user=me&password=abc&host=db", f"postgresql+asyncpg:///x?user=me&password={MASK}&host=db"),
    ],
)  # fmt: skip
def test_a_password_in_a_url_is_masked(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_worst_counts_and_an_open_address_without_tls_is_a_warning() -> None:
    assert worst([]) is Level.OK
    warning = pages("0.0.0.0", secure_cookies=False)
    assert worst([Finding("a", "b"), warning]) is Level.WARNING
    assert worst([warning, Finding("a", "b", "mend it")]) is Level.FAULT
    assert pages("127.0.0.1", secure_cookies=False).level is Level.OK
