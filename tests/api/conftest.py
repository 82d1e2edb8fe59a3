"""The API in this process, over a database of its own in a temporary folder, with an engine that only remembers."""

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from admin.app import make_app
from config.http import Http
from config.settings import Settings
from dialer.domain.campaign import Campaign
from dialer.domain.gateway import VoiceGateway
from dialer.domain.members import Member
from dialer.domain.telephony import MemberStatus
from dialer.engine.live import Live
from dialer.operations import passwords, users
from dialer.operations.context import Context, Queued
from dialer.pacing.limits import Allowance
from dialer.pacing.outlook import CallOutlook, Outlook, QueueView
from dialer.store.database import Database
from dialer.store.requests import ContactRequest
from tests.support.databases import SQLITE, made_ready

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
ANN = Member("sales", "PJSIP/ann", "Ann", MemberStatus.NOT_IN_USE, ())
# What the dialer sees when nothing stands against a call.
ALL_CLEAR = CallOutlook(
    runs=True,
    automatic=True,
    draining=False,
    link_up=True,
    link_reason="",
    queues=(QueueView("sales", known=True, members=(ANN,)),),
    campaign=Allowance(),
    gateway_name="carrier",
    gateway=VoiceGateway(name="carrier", dial="PJSIP/{number}@c"),
    gateway_limit=Allowance(),
)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class RememberingEngine:
    """Stands for the engine: knows two queues, and remembers what it was told."""

    names: frozenset[str] | None = frozenset({"sales", "support"})
    told: list[tuple[str, Any]] = field(default_factory=list)
    detects: bool | None = True
    seen: Outlook | None = field(default_factory=lambda: ALL_CLEAR)
    no_text: dict[str, str] = field(default_factory=dict)  # what gateways are in place of bound

    def queues(self) -> frozenset[str] | None:
        return self.names

    def detects_machines(self) -> bool | None:
        return self.detects

    def outlook(self, _campaign: Campaign, _request: ContactRequest) -> Outlook | None:
        return self.seen

    async def campaign_changed(self, campaign_id: int) -> None:
        self.told.append(("campaign", campaign_id))

    def contacts_added(self, campaign_id: int) -> None:
        self.told.append(("contacts", campaign_id))

    def work_changed(self, campaign_id: int, queued: Queued | None = None) -> None:  # noqa: ARG002
        self.told.append(("work", campaign_id))

    def source_added(self) -> None:
        self.told.append(("source", None))

    def deletion_begun(self) -> None:
        self.told.append(("deletion", None))

    async def gateways_changed(self) -> None:
        self.told.append(("gateways", None))

    async def addresses_barred(self, addresses: Collection[str]) -> None:
        self.told.append(("barred", set(addresses)))

    def why_no_text(self, gateway_id: str) -> str | None:
        return self.no_text.get(gateway_id)

    def trial_added(self, trial_id: int) -> None:
        self.told.append(("trial", trial_id))


SNAPSHOT: dict[str, Any] = {
    "link": {"state": "up", "reason": ""},
    "queues": [
        {
            "name": "sales",
            "free": 1,
            "waiting": 0,
            "members": [
                {
                    "name": "Ann",
                    "interface": "PJSIP/ann",
                    "free": True,
                    "why": [],
                    "doing": "free",
                    "since": NOON.isoformat(),
                }
            ],
        }
    ],
    "calls": [
        {
            "attempt_id": "01",
            "campaign_id": 1,
            "contact_id": 1,
            "number": "+4930123",
            "queue": "sales",
            "agent": None,
            "state": "dialing",
            "since": NOON.isoformat(),
        }
    ],
    "campaigns": [],
    "gateways": [
        {"id": "carrier", "kind": "voice", "state": "up", "reason": ""},
        {"id": "smsc", "kind": "sms", "state": "bound", "reason": ""},
        {"id": "other", "kind": "sms", "state": "down", "reason": "refused"},
    ],
}


@dataclass
class Server:
    """A running API; calls go as the manager's token unless told otherwise."""

    ctx: Context
    client: TestClient[Any, Any]
    tokens: dict[str, str]
    live: Live
    snapshot: dict[str, Any]
    clock: Clock
    engine: RememberingEngine
    texts: dict[str, Any]

    async def call(self, method: str, path: str, *, role: str | None = "manager", **more: Any) -> ClientResponse:
        headers = dict(more.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return await self.client.request(method, f"/api/v1{path}", headers=headers, allow_redirects=False, **more)

    async def ok(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The JSON of an answer that must have this status."""
        response = await self.call(method, path, **more)
        assert response.status == status, await response.text()
        return await response.json() if response.content_type == "application/json" else None

    async def refused(self, method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        """The problem of an answer that must be refused with this status."""
        response = await self.call(method, path, **more)
        assert response.status == status, await response.text()
        assert response.content_type == "application/problem+json"
        problem: dict[str, Any] = await response.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        return problem

    async def campaign(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.ok("POST", "/campaigns", 201, json={"title": "Spring", **fields})
        return made

    async def runnable(self, **fields: Any) -> dict[str, Any]:
        """A campaign with all that its default strategy needs."""
        if await self.refused_or_none("/gateways/carrier"):
            await self.ok(
                "POST", "/gateways", 201, json={"kind": "voice", "name": "carrier", "dial": "PJSIP/{number}@c"}
            )
        return await self.campaign(queue="sales", voice_gateway="carrier", **fields)

    async def refused_or_none(self, path: str) -> int | None:
        response = await self.call("GET", path)
        return None if response.status == 200 else response.status


def fields_of(problem: dict[str, Any]) -> set[str]:
    return {error["field"] for error in problem["errors"]}


@pytest.fixture
def http_settings() -> Http:
    return Http(max_upload_mb=1)


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """To hash one as it is done for people takes a third of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        yield


@pytest.fixture
async def server(tmp_path: Path, http_settings: Http) -> AsyncIterator[Server]:
    url = f"{SQLITE}{tmp_path}/dialer.db"
    await made_ready(url)
    db = Database(url)
    clock, engine, snapshot = Clock(), RememberingEngine(), dict(SNAPSHOT)
    settings = Settings(data_dir=tmp_path / "data", default_region="DE", http=http_settings)
    ctx = Context(db, settings, engine=engine, clock=clock)
    tokens = {role: await users.create_token(ctx, f"ci-{role}", role) for role in users.RIGHTS}
    texts: dict[str, Any] = {}
    live = Live(lambda: snapshot, texts.get)
    async with TestClient(TestServer(make_app(ctx, live))) as client:
        yield Server(ctx, client, tokens, live, snapshot, clock, engine, texts)
    await db.close()
