"""The key of keyed hashes: from the settings, else from a file in the data folder that is made once."""

import secrets
from pathlib import Path

from config.settings import Settings

FILE = "secret.key"


def secret_key(settings: Settings) -> bytes:
    """Raises OSError if the file can be neither read nor made."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    path = settings.data_dir / FILE
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Two processes that start together end up with one key: a hard link is made by one of them only."""
    draft = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(32))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
