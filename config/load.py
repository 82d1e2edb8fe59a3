"""Reads the settings from a TOML file and the environment, and reports every fault at once with its key."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config.settings import Settings

# Read by the command line and by load() itself, so no settings of the tree.
NOT_SETTINGS = {"DIALER_CONFIG", "DIALER_CACHE", "DIALER_SECRETS_DIR"}
# Folders of secrets, a file for each: containers mount one, systemd makes one for `LoadCredential=`.
SECRET_FOLDERS = ("DIALER_SECRETS_DIR", "CREDENTIALS_DIRECTORY")


class SettingsError(Exception):
    """Wrong settings: `faults` holds one line each, with the key, what is wrong, and where it was set."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load(path: Path | None = None) -> Settings:
    """Settings from `path` (or `DIALER_CONFIG`), from files of secrets, and from the environment: each wins over those before.

    Raises `SettingsError` with all faults.
    """
    path = path or (Path(os.environ["DIALER_CONFIG"]) if os.environ.get("DIALER_CONFIG") else None)
    document = _with_secrets(_read(path) if path else {})

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003  (the signature is pydantic-settings')
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, init_settings

    faults = _unknown_variables()
    try:
        settings = FromFile(**document)
    except ValidationError as error:
        faults += [_explain(dict(fault), path) for fault in error.errors()]
    if faults:
        raise SettingsError(faults)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            [f"{path}: cannot be read ({error}). Name an existing file with --config or DIALER_CONFIG."]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: not valid TOML ({error}). config/example.toml shows the form."]) from None


def _with_secrets(document: dict[str, Any]) -> dict[str, Any]:
    """The files `DIALER_…` of the folders of secrets, each called as the variable whose value it has."""
    for variable in filter(os.environ.get, SECRET_FOLDERS):
        folder = Path(os.environ[variable])
        try:
            files = [path for path in sorted(folder.iterdir()) if path.name.startswith("DIALER_")]
            found = {path.name: path.read_text(encoding="utf-8") for path in files}
        except (OSError, UnicodeDecodeError) as error:
            remedy = f"Let the user of the server read the folder that {variable} names, and its files"
            raise SettingsError([f"{folder}: a secret cannot be read ({error}). {remedy}."]) from None
        for name, value in found.items():
            *sections, last = name.removeprefix("DIALER_").lower().split("__")
            place = document
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value.strip()
    return document


def _unknown_variables() -> list[str]:
    known = {"DIALER_" + name.upper() for name in Settings.model_fields}
    return [
        f"{name}: no such setting. docs/reference/settings.md lists them."
        for name in sorted(os.environ)
        if name.startswith("DIALER_") and name not in NOT_SETTINGS and name.partition("__")[0] not in known
    ]


def _explain(fault: dict[str, Any], path: Path | None) -> str:
    keys = [str(part) for part in fault["loc"]]
    variable = "DIALER_" + "__".join(keys).upper()
    where = variable if variable in os.environ else f"{'.'.join(keys)} ({path or 'environment'})"
    value = (
        ""
        if "secret" in variable.lower() or isinstance(fault["input"], dict)
        else f" (it is {str(fault['input'])[:80]!r})"
    )
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}{value}"
