"""Strategies by chance: a call, perhaps a text before it, and for some who were not reached a wait and another call."""

import random
from collections.abc import Sequence
from typing import Any


def strategy(chance: random.Random, rings_s: Sequence[int] = (5, 12, 25), *, text: str = "") -> dict[str, Any]:
    """`text`: what is sent to everybody first; "" for nothing."""
    retry_on = chance.choice(["busy, no_answer", "busy, no_answer, lost", "busy, congestion, failed", ""])
    tries = {"tries": chance.choice([1, 2, 3]), "retry_after": chance.choice(["0s", "20s", "2m"])}
    fields = {"ring_s": chance.choice(rings_s), **(tries | {"retry_on": retry_on} if retry_on else {})}
    if chance.random() < 0.3:
        fields["amd"] = "hang_up"
    again = chance.random() < 0.6
    nodes = [
        {"id": "in", "type": "contact-in", "fields": {"max_attempts": 6}, "out": {"next": "text" if text else "call"}},
        *([_text(text)] if text else []),
        _call("call", fields, "wait" if again else "end"),
        {"id": "wait", "type": "wait", "fields": {"duration": chance.choice(["5s", "1m"])}, "out": {"next": "again"}},
        _call("again", {"ring_s": 20}, "end"),
        {"id": "end", "type": "end"},
    ]
    kept = nodes if again else [node for node in nodes if node["id"] not in {"wait", "again"}]
    filled = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **node} for node in kept]
    return {"format": "campaign-strategy/1", "name": "test", "nodes": filled}


def _call(name: str, fields: dict[str, Any], otherwise: str) -> dict[str, Any]:
    return {"id": name, "type": "call", "fields": fields, "out": {"answered": "end", "otherwise": otherwise}}


def _text(text: str) -> dict[str, Any]:
    return {"id": "text", "type": "sms", "fields": {"text": text}, "out": {"sent": "call", "otherwise": "call"}}
