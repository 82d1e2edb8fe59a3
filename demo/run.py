"""`make run`: a real Asterisk with a world of callees and agents, an SMSC, the server, and one campaign over it all."""

import asyncio
import fcntl
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TextIO

from asterisk.lab.install import InstallError
from asterisk.lab.lab import Lab
from asterisk.lab.pbx import QueueSettings
from config.terminal import show_all
from demo.server import Api, DemoError, Server
from sms.lab.smsc import LabError, Smsc

HERE = Path(__file__).parent
RUN = Path(os.environ.get("DEMO_FOLDER", ".run")).resolve()
WITHOUT_ASTERISK = """
The demo needs its private Asterisk. To run the dialer on an Asterisk of your own instead:
  see asterisk/README.md (two #include lines), then
  DIALER_AMI__HOST=… DIALER_AMI__USERNAME=… DIALER_AMI__SECRET=… .venv/bin/dialer check
  and the same with `serve` in place of `check`."""


def say(text: str) -> None:
    print(text, flush=True)


async def main() -> int:
    stop = _stop_signals()
    try:
        async with AsyncExitStack() as stack:
            return await _run(stack, stop)
    except InstallError as error:
        say(f"{error}\n{WITHOUT_ASTERISK}")
    except (DemoError, LabError) as error:
        say(f"The demo can't go on: {error}")
    return 1


async def _run(stack: AsyncExitStack, stop: asyncio.Event) -> int:
    RUN.mkdir(exist_ok=True)
    stack.enter_context(_alone())
    say("Starting a private Asterisk with its world, and an SMSC …")
    lab = Lab(RUN / "lab", agents=4, settings=QueueSettings(wrap_up_s=2))
    await lab.start()
    stack.push_async_callback(lab.stop)
    await lab.set_talk(4, 9, ring_s=0.5)
    smsc = Smsc(RUN / "smsc", receipt_delay_ms=2500)
    await smsc.start()
    stack.push_async_callback(smsc.stop)
    ami = lab.pbx.ami
    server = Server(
        RUN,
        {
            "DIALER_AMI__HOST": ami.host,
            "DIALER_AMI__PORT": str(ami.port),
            "DIALER_AMI__USERNAME": ami.username,
            "DIALER_AMI__SECRET": ami.secret,
        },
    )
    login, token = await _accounts(server)
    await server.start()
    stack.push_async_callback(server.stop)
    campaign = await _campaign(Api(server.address, token), lab, smsc)
    _greet(server.address, campaign, login)
    return await _wait(server, stop)


def _alone() -> TextIO:
    """Two demos on the same data would take each other's calls for their own. `make clean` looks at this lock, too."""
    lock = (RUN / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DemoError(f"it runs already, with the data in {RUN}: end that one with Ctrl-C first") from None
    return lock


async def _accounts(server: Server) -> tuple[str, str]:
    """The first login and a token for the demo itself, made once and kept beside the data."""
    kept = RUN / "access.json"
    if kept.exists():
        access = json.loads(kept.read_bytes())
    else:
        await server.run("migrate")
        login = await server.run("user", "first")
        access = {"login": login, "token": await server.run("token", "create", "--role", "manager", "--name", "demo")}
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(access))
    return access["login"], access["token"]


async def _campaign(api: Api, lab: Lab, smsc: Smsc) -> int:
    """The demo's gateways and campaign; made at the first run, found again later."""
    account = {"host": "127.0.0.1", "port": smsc.port}
    names = {gateway["name"] for gateway in (await api("GET", "/gateways"))["items"]}
    if "World" not in names:
        await api("POST", "/gateways", json={"kind": "voice", "name": "World", "dial": lab.trunk_dial})
    if "SMSC" in names:
        await api("PATCH", "/gateways/smsc", json=account)
    else:
        settings = {"kind": "sms", "name": "SMSC", "system_id": "demo", "password": "demo", "sender": "Dialer"}
        await api("POST", "/gateways", json={**settings, **account})
    found = (await api("GET", "/campaigns"))["items"]
    if found:
        say("Going on with the data that is there (make clean removes it).")
        return int(found[0]["id"])
    campaign = await api(
        "POST", "/campaigns",
        json={
            "title": "Spring offer", "description": "Call everyone, text those we don't reach.",
            "time_zone": "America/New_York", "queue": "support", "voice_gateway": "world", "sms_gateway": "smsc",
            "caller_id": "+12125550100",
        },
    )  # fmt: skip
    path = f"/campaigns/{campaign['id']}"
    await api("PUT", f"{path}/strategy", json=json.loads((HERE / "strategy.json").read_bytes()))
    contacts = (HERE / "contacts.csv").read_bytes()
    await api("POST", f"{path}/sources?name=contacts.csv", data=contacts, headers={"Content-Type": "text/csv"})
    await api("POST", f"{path}/publish")
    return int(campaign["id"])


def _greet(address: str, campaign: int, login: str) -> None:
    name, _, password = login.partition(" ")
    say(f"\n  {address}/campaigns/{campaign}\n\n  log in as   {name}\n  password    {password}\n")
    say(f"The server's log is {RUN / 'server.log'}. Ctrl-C stops everything.")


async def _wait(server: Server, stop: asyncio.Event) -> int:
    """Until Ctrl-C (0), or until the server ends by itself (1)."""
    ended = asyncio.create_task(server.ended())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        stopped.cancel()
        say(f"The server ended by itself:\n{server.last_words()}")
        return 1
    say("\nStopping: calls in flight may end for up to 10 s; Ctrl-C again ends at once …")
    stop.clear()
    again, stopping = asyncio.create_task(stop.wait()), asyncio.create_task(server.stop())
    await asyncio.wait({again, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.done():
        server.kill()
    again.cancel()
    await asyncio.gather(ended, stopping)
    say("Stopped.")
    return 0


def _stop_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


if __name__ == "__main__":
    show_all()
    sys.exit(asyncio.run(main()))
