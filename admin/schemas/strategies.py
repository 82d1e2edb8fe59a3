"""Strategies: the document is judged by the strategy's own check, which names every fault at its node."""

from datetime import datetime
from typing import Any

from pydantic import Field, RootModel

from admin.schemas.common import JsonObject, Out
from dialer.strategy.fields import OnEdit


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


class ImpactOut(Out):
    """What a deploy would change for contacts that are in the campaign, by the rule `on_edit` of the strategy itself."""

    is_new: bool = Field(description="Whether it would be a new version: layout alone makes none.")
    rule: OnEdit
    not_started: int = Field(description="Contacts that have yet to enter the strategy.")
    starting: int = Field(description="Those of them that would enter the new version.")
    in_flight: int = Field(description="Contacts that stand at a step.")
    changing: dict[str, int] = Field(
        description="Those of them that would meet another step next, by the step they are at."
    )


class CheckOut(Out):
    """Faults hinder a deploy; warnings don't."""

    faults: list[NodeFaultOut]
    warnings: list[NodeFaultOut]
    impact: ImpactOut | None = Field(default=None, description="Of a strategy without faults.")


class DraftOut(Out):
    """A drawing that is kept and not deployed; its faults are those that hinder a deploy now."""

    flow: list[JsonObject]
    saved_by: str
    saved_at: datetime
    builds_on: int | None = Field(description="The version that was deployed when it was begun; null: none was.")
    is_older: bool = Field(description="Something else was deployed since it was begun.")
    faults: list[NodeFaultOut]
    warnings: list[NodeFaultOut]
