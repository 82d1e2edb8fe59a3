"""What a line of a contact's trail is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Data = Mapping[str, Any]
Shown = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trail: an icon, a colour, a sentence, and what else a reader may want to know."""

    icon: str
    colour: str
    text: str
    detail: str = ""
