"""The composition root: store, engine and pages in one process, and the staged stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog
from aiohttp import web

from admin.app import make_app
from admin.connections import Site
from config.settings import Settings
from dialer.domain.errors import InvalidInput
from dialer.domain.said import marked
from dialer.engine.engine import Engine
from dialer.operations import pending
from dialer.operations.context import Context
from dialer.operations.uploads import uploads_folder
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from dialer.store.patience import patient

log = structlog.get_logger(__name__)

# After the engine has drained, how long open pages may take to be closed, in seconds.
PAGES_CLOSE_S = 2.0
_NO_FOLDER = marked("%(what)s can't be written: %(why)s: choose a folder that the server's user may write to")
_NO_ADDRESS = marked("can't listen at %(what)s: %(why)s: choose another port or address, or end what listens there")


async def serve(settings: Settings, ready: Callable[[Context], None] = lambda _ctx: None) -> None:
    """Run until SIGTERM or SIGINT, which drain; a second one ends the process at once. `ready` is told once it listens."""
    ctx = Context(Database(settings.database.url), settings)
    try:
        with patient():
            await upgrade(ctx.db)
        with _refused("data_dir", _NO_FOLDER, str(settings.data_dir)):
            await asyncio.to_thread(uploads_folder, ctx)
        await pending.put_back(ctx)
        engine = Engine(ctx)
        runner = runner_of(make_app(ctx, engine.live, engine.previews))
        await runner.setup()
        try:
            with _refused("http", _NO_ADDRESS, f"{settings.http.host}:{settings.http.port}"):
                await Site(runner, settings.http).start()
            _stop_on_signals(engine)
            log.info("listening", host=settings.http.host, port=settings.http.port)
            ready(ctx)
            await engine.run()
        finally:
            await runner.cleanup()
    finally:
        await ctx.db.close()


@contextmanager
def _refused(setting: str, told: str, what: str) -> Iterator[None]:
    """What the system refuses at the start ends it in a line."""
    try:
        yield
    except OSError as error:
        raise InvalidInput.single(setting, told, what=what, why=str(error)) from None


def runner_of(app: web.Application) -> web.AppRunner:
    """Serves the pages and the API."""
    return web.AppRunner(app, shutdown_timeout=PAGES_CLOSE_S)


def _stop_on_signals(engine: Engine) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # the second one does what it always does: it ends the process
            with suppress(ValueError):
                signal.signal(number, signal.SIG_DFL)
        engine.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
