"""Reads the settings from a TOML file and the environment, and reports every fault at once with its key."""

import os
import tomllib
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from config.settings import Settings

# Read by the command line and by load() itself, so no settings of the tree.
NOT_SETTINGS = {"DIALER_CONFIG", "DIALER_CACHE", "DIALER_SECRETS_DIR"}
# Folders of secrets, a file for each: containers mount one, systemd makes one for `LoadCredential=`.
SECRET_FOLDERS = ("DIALER_SECRETS_DIR", "CREDENTIALS_DIRECTORY")
LISTS = (tuple, frozenset)
LIST_FAULTS = {"tuple_type", "frozen_set_type"}


class SettingsError(Exception):
    """Wrong settings: `faults` holds one line each, with the key, what is wrong, and where it was set."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Environment(EnvSettingsSource):
    """Lists may be written with commas, too. What is no JSON is told by its key, as any other wrong value is."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            is_list = field is not None and get_origin(field.annotation) in LISTS
            return [one.strip() for one in value.split(",")] if is_list and value.lstrip()[:1] != "[" else value


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
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic-settings')
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return _Environment(settings_cls), init_settings

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
    told = (
        "should be a list, such as a, b" if fault["type"] in LIST_FAULTS else fault["msg"].removeprefix("Value error, ")
    )
    return f"{where}: {told}{value}"
