"""Strategies: the document is judged by the strategy's own check, which names every fault at its node."""

from typing import Any

from pydantic import Field, RootModel

from admin.schemas.common import JsonObject, Out


class StrategyIn(RootModel[JsonObject]):
    """`{format:"campaign-strategy/1", name, nodes:[{id, type, name, x, y, fields, out}]}`."""

    root: JsonObject = Field(
        json_schema_extra={"examples": [{"format": "campaign-strategy/1", "name": "", "nodes": []}]}
    )


class StrategyOut(RootModel[JsonObject]):
    """The document of the campaign's present version."""


class FlowIn(RootModel[list[Any]]):
    """A flow as the Node-RED editor exports it: one tab with `campaign-` nodes, whose `wires` follow the ports' order."""

    root: list[Any] = Field(json_schema_extra={"items": {"type": "object"}, "examples": [[{"id": "t", "type": "tab"}]]})


class FlowOut(RootModel[list[JsonObject]]):
    """The tab, then its nodes, subflows, groups and comments."""


class TemplateOut(Out):
    """A strategy to start from; `name` is what creating a campaign takes as `template`."""

    name: str
    label: str
    help: str
    strategy: JsonObject


class TemplatesOut(Out):
    items: list[TemplateOut]


class NodeFaultOut(Out):
    """`node` is empty for the strategy as a whole."""

    node: str
    field: str
    reason: str


class CheckOut(Out):
    """Faults hinder a deploy; warnings don't."""

    faults: list[NodeFaultOut]
    warnings: list[NodeFaultOut]
