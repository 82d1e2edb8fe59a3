"""The list of replies."""

from datetime import timedelta

import pytest

from dialer.store import replies
from tests.api.conftest import NOON, Server


@pytest.mark.req("M5", "A1")
async def test_replies_are_listed_by_number_stop_and_time(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        for number, (text, stop) in enumerate((("Yes", False), ("STOP", True), ("=1+1", False))):
            fields = {
                "gateway": "smsc", "source": f"+4930000{number}", "destination": "Shop", "text": text, "stop": stop,
                "received_at": NOON + timedelta(minutes=number), "dialer_node": "one",
            }  # fmt: skip
            await replies.add(tx, fields)
    found = await server.ok("GET", "/replies", role="viewer")
    assert [one["text"] for one in found["items"]] == ["=1+1", "STOP", "Yes"]
    assert found["total"] == 3
    for asked, texts in (
        ("filter=stop:eq:true", ["STOP"]),
        ("filter=source:eq:%2B49300000", ["Yes"]),
        (f"filter=received_at:ge:{NOON:%Y-%m-%dT%H}:01:00Z", ["=1+1", "STOP"]),
        ("q=yes", ["Yes"]),
        ("sort=received_at", ["Yes", "STOP", "=1+1"]),
    ):
        assert [one["text"] for one in (await server.ok("GET", f"/replies?{asked}"))["items"]] == texts, asked
