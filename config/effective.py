"""The settings in force, as they may be shown: each with its value and where that came from, no secret among them."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, SecretStr

from config.settings import Settings

Origin = Literal["default", "file", "environment"]
MASK = "••••••"
# What drivers take as a password behind the question mark of a URL.
_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Effective:
    """`key` as in the file (`ami.host`), `variable` as in the environment."""

    key: str
    variable: str
    value: str
    origin: Origin
    is_secret: bool
    meaning: str


def effective(settings: Settings, environment: Mapping[str, str] | None = None) -> list[Effective]:
    """All of the tree, in its order. `environment`: that in which the settings were read, `os.environ` unless given."""
    names = {name.upper() for name in (os.environ if environment is None else environment)}
    return list(_leaves(settings, names, ()))


def _leaves(section: BaseModel, names: set[str], path: tuple[str, ...]) -> Iterator[Effective]:
    for name, field in type(section).model_fields.items():
        here, value = (*path, name), getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, names, here)
            continue
        variable = _variable(here)
        is_given = name in section.model_fields_set
        is_secret = isinstance(value, SecretStr) or "SecretStr" in str(field.annotation)
        # A variable may hold a whole section, as JSON.
        is_from_environment = any(_variable(here[:depth]) in names for depth in range(1, len(here) + 1)) or any(
            one.startswith(f"{variable}__") for one in names
        )
        origin: Origin = ("environment" if is_from_environment else "file") if is_given else "default"
        yield Effective(".".join(here), variable, _shown(value), origin, is_secret, field.description or "")


def _variable(path: tuple[str, ...]) -> str:
    return "DIALER_" + "__".join(path).upper()


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {one}" for name, one in sorted(value.items()))
    if isinstance(value, frozenset | set | tuple | list):
        return ", ".join(sorted(map(str, value)) if isinstance(value, frozenset | set) else map(str, value))
    return "" if value is None else without_password(str(value)) if "://" in str(value) else str(value)


def without_password(url: str) -> str:
    """A database's URL with its password replaced; one without has none to hide."""
    scheme, split, rest = url.partition("://")
    if not split:
        return url
    login, at, host = rest.rpartition("@")
    user, colon, _password = login.partition(":")
    return _PARAMETER.sub(rf"\g<1>{MASK}", f"{scheme}://{user}{f':{MASK}' if colon else ''}{at}{host}")
