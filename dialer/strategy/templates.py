"""Strategies to start from, as documents (`campaign-strategy/1`): what most campaigns are a variation of."""

from dataclasses import dataclass
from typing import Any

from dialer.domain.errors import InvalidInput, shown
from dialer.strategy.model import FORMAT

_ACROSS, _DOWN = (
    320,
    160,
)  # pixels between two steps of a drawing: room for the words beside the ways and the numbers below


@dataclass(frozen=True, slots=True)
class Template:
    """`name` is what the API calls it; `label` and `help` are for people."""

    name: str
    label: str
    help: str
    nodes: tuple[dict[str, Any], ...]

    @property
    def document(self) -> dict[str, Any]:
        return {"format": FORMAT, "name": self.label, "nodes": [dict(node) for node in self.nodes]}


def _step(place: tuple[int, int], kind: str, node_id: str, out: dict[str, str], **fields: Any) -> dict[str, Any]:
    """A step in the column and row `place`."""
    x, y = (120 + _ACROSS * place[0], 100 + _DOWN * place[1])
    return {"id": node_id, "type": kind, "x": x, "y": y, "fields": fields, "out": out}


def _in(first: str, **limits: int) -> dict[str, Any]:
    return _step((0, 0), "contact-in", "in", {"next": first}, **limits)


def _end(place: tuple[int, int], node_id: str = "end", result: str | None = None) -> dict[str, Any]:
    return _step(place, "end", node_id, {}, **({"result": result} if result else {}))


TEMPLATES: tuple[Template, ...] = (
    Template(
        "call-once",
        "Call once",
        "One call each, and that is it.",
        (_in("call"), _step((1, 0), "call", "call", {"otherwise": "end"}), _end((2, 0))),
    ),
    Template(
        "call-three-times",
        "Call three times",
        "Who does not answer is called again after 15 minutes, and once more the day after.",
        (
            _in("call", max_attempts=3),
            _step((1, 0), "call", "call", {"otherwise": "end"}, tries=3, retry_after=["15m", "1d"]),
            _end((2, 0)),
        ),
    ),
    Template(
        "call-then-text",
        "Call, then text",
        "Two calls; who could not be reached gets a text.",
        (
            _in("call"),
            _step(
                (1, 0), "call", "call", {"no_answer": "text", "busy": "text", "otherwise": "end"},
                tries=2, retry_after=["1h"],
            ),
            _step(
                (2, 1), "sms", "text", {"otherwise": "end"},
                text="Hello {{first_name|there}}, we tried to call you. Please call us back when it suits you.",
            ),
            _end((3, 0)),
        ),
    ),
    Template(
        "text-then-call",
        "Text, then call who does not reply",
        "A text first; who has not replied after a day is called.",
        (
            _in("text"),
            _step(
                (1, 0), "sms", "text", {"replied": "replied", "otherwise": "call"}, until="replied", timeout="1d",
                text="Hello {{first_name|there}}, may we call you? Reply with a time that suits you.",
            ),
            _step((2, 1), "call", "call", {"otherwise": "end"}, tries=2, retry_after=["2h"]),
            _end((2, 0), "replied", "replied"),
            _end((3, 1)),
        ),
    ),
    Template(
        "survey-by-reply",
        "Survey by reply",
        "A question by text; replies 1 and 2 are kept as the rating “low”, 3 to 5 as “high”, and who is “low” is called.",
        (
            _in("ask"),
            _step(
                (1, 0), "sms", "ask", {"replied": "answer", "otherwise": "silent"}, until="replied", timeout="3d",
                text="Hello {{first_name|there}}, how satisfied are you with us, from 1 (not at all) to 5 (very)?",
            ),
            _step(
                (2, 0), "branch", "answer", {"rule1": "low", "rule2": "high", "otherwise": "unclear"}, on="last.reply",
                rules=[{"op": "in", "value": "1,2"}, {"op": "in", "value": "3,4,5"}],
            ),
            _step((3, 0), "set-attribute", "low", {"next": "call"}, attribute="rating", value="low"),
            _step((3, 1), "set-attribute", "high", {"next": "thanks"}, attribute="rating", value="high"),
            _step((4, 0), "call", "call", {"otherwise": "end"}, tries=3, retry_after=["2h", "1d"]),
            _step((4, 1), "sms", "thanks", {"otherwise": "end"}, text="Thank you!"),
            _end((3, 2), "unclear", "unclear reply"),
            _end((2, 3), "silent", "no reply"),
            _end((5, 0)),
        ),
    ),
)  # fmt: skip
_BY_NAME = {template.name: template for template in TEMPLATES}


def document_of(name: str) -> dict[str, Any]:
    """Raises InvalidInput for a name that is none of these."""
    if name not in _BY_NAME:
        raise InvalidInput.single(
            "template", "there is no %(name)s; there are: %(names)s", name=shown(name), names=", ".join(_BY_NAME)
        )
    return _BY_NAME[name].document
