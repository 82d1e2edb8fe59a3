"""The receiver of docs/how-to/webhooks.md, as it stands there, against what the server sends."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import HTTPServer
from pathlib import Path

import pytest

from dialer.web.client import Answer, Outgoing, WebClient
from docs.examples import receiver

pytestmark = pytest.mark.req("A5")
EVENT = '{"id": "01", "type": "test", "data": {"asked_by": "ann"}}'


@pytest.fixture
def port() -> Iterator[int]:
    receiver.seen.clear()
    server = HTTPServer(("127.0.0.1", 0), receiver.Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def send(port: int, key: str, at: float) -> Answer:
    async def sent() -> Answer:
        async with WebClient({"127.0.0.1"}, allow_private=True, signing_key="") as client:
            url = f"http://127.0.0.1:{port}/"
            outgoing = Outgoing("POST", url, EVENT, "application/json", "01", 5, key)
            return await client.send(outgoing, int(at))

    return asyncio.run(sent())


def test_it_takes_what_is_signed_with_its_secret_and_each_event_once(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(port, receiver.SECRET, time.time()).status == 204
    assert send(port, receiver.SECRET, time.time()).status == 204
    assert capsys.readouterr().out.splitlines() == ["test {'asked_by': 'ann'}"]
    assert send(port, "another secret", time.time()).status == 401
    assert send(port, receiver.SECRET, time.time() - 400).status == 401, (
        "an old one, that somebody kept and sends again"
    )


@pytest.mark.parametrize("header", [None, "", "t", "t=1", "v1=", "t=x,v1=y", "t=1,v1=\xe4", "=,="])
def test_what_nobody_has_signed_is_refused_and_does_no_harm(port: int, header: str | None) -> None:
    """A scanner finds every address sooner or later."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", EVENT, {} if header is None else {"X-Dialer-Signature": header})
    assert connection.getresponse().status == 401
    connection.close()


def test_the_page_shows_the_very_file() -> None:
    page = Path("docs/how-to/webhooks.md").read_text(encoding="utf-8")
    assert Path("docs/examples/receiver.py").read_text(encoding="utf-8").rstrip() in page
