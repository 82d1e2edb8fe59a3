"""Strategies: the document is judged by the strategy's own check, which names every fault at its node."""

from pydantic import Field, RootModel

from admin.schemas.common import JsonObject, Out


class StrategyIn(RootModel[JsonObject]):
    """`{format:"campaign-strategy/1", name, nodes:[{id, type, name, x, y, fields, out}]}`."""

    root: JsonObject = Field(
        json_schema_extra={"examples": [{"format": "campaign-strategy/1", "name": "", "nodes": []}]}
    )


class StrategyOut(RootModel[JsonObject]):
    """The document of the campaign's present version."""


class NodeFaultOut(Out):
    """`node` is empty for the strategy as a whole."""

    node: str
    field: str
    reason: str


class CheckOut(Out):
    """Faults hinder a deploy; warnings don't."""

    faults: list[NodeFaultOut]
    warnings: list[NodeFaultOut]
