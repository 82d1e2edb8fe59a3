"""`dialer backup` and `dialer restore`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from config.secret import FILE
from config.settings import Settings
from dialer.domain.errors import InvalidInput
from dialer.operations import restoring
from dialer.operations.context import Context
from dialer.store import backup as copies
from dialer.store.migrate import upgrade
from dialer.with_context import Config, refusing, settings_of, with_context

KEY = ".key"


def backup(
    file: Annotated[Path, typer.Argument(help="The copy; it must not be there yet.")], config: Config = None
) -> None:
    """Copy the SQLite database while the server runs, and the secret key beside it as FILE.key unless the settings have it."""
    settings = settings_of(config)
    key = _key(settings)
    with refusing():
        size = copies.copy(_database(settings, "use pg_dump, as docs/how-to/upgrade-and-backup.md shows"), file)
    print(f"{file}: {size:,} bytes")
    if key.exists():
        beside = file.with_name(f"{file.name}{KEY}")
        _copy_key(key, beside)
        print(f"{beside}: without this key, erased numbers on do-not-contact lists are not recognised")


def restore(
    file: Annotated[
        Path | None, typer.Argument(help="What `dialer backup` made. None for PostgreSQL, which pg_restore has filled.")
    ] = None,
    since_unknown: Annotated[
        bool,
        typer.Option(
            "--since-unknown",
            help="Nobody knows who was called or texted since the backup: end the campaigns that ran, for good.",
        ),
    ] = False,
    config: Config = None,
) -> None:
    """Put a backup in the place of the database, before a server starts on it; campaigns that ran come back unpublished."""
    settings = settings_of(config)
    with refusing():
        if file is not None:
            _put(settings, file)
        elif settings.database.url.startswith("sqlite"):
            raise InvalidInput.single("file", "name the backup that is to become the database")

    async def settle(ctx: Context) -> None:
        await upgrade(ctx.db)
        for one in await restoring.settle(ctx, end=since_unknown):
            print(f"campaign {one.id} ({one.title}): {'ended' if since_unknown else 'unpublished'}")

    with_context(settings, settle, begins=True)
    print("Restored. What has happened since the backup is not in it: see docs/how-to/upgrade-and-backup.md.")


def _put(settings: Settings, file: Path) -> None:
    target = _database(settings, "load it with pg_restore, and run `dialer restore` without a file")
    copies.put(file, target)
    beside, key = file.with_name(f"{file.name}{KEY}"), _key(settings)
    if beside.exists() and not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        _copy_key(beside, key)


def _copy_key(key: Path, to: Path) -> None:
    with refusing():
        try:
            to.touch(mode=0o600)
            shutil.copyfile(key, to)
        except OSError as error:
            raise InvalidInput.single(
                "file", f"{to} can't be made: {error}: name a file that you may write to"
            ) from None


def _database(settings: Settings, otherwise: str) -> Path:
    url = settings.database.url
    if not url.startswith("sqlite"):
        raise InvalidInput.single("database", f"is PostgreSQL: {otherwise}")
    return Path(str(make_url(url).database))


def _key(settings: Settings) -> Path:
    return settings.data_dir / FILE
