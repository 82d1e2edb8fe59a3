"""Dry runs: the assumptions are `dialer.simulation.assumptions`, the result is told here."""

from datetime import datetime

from pydantic import Field

from admin.schemas.common import JsonObject, Out


class FinishOut(Out):
    """Contacts that came through the strategy with this result."""

    result: str
    contacts: int


class UnreachedOut(Out):
    """Contacts that were neither talked to nor got a text, and why."""

    reason: str
    text: str
    contacts: int


class HoursOut(Out):
    """One item for each hour from `start` on; `agents` are the most at work while any contact may be called or texted."""

    start: datetime
    calls: list[int]
    connected: list[int]
    texts: list[int]
    busy_agents: list[float] = Field(description="On average.")
    agents: list[int]


class SimulationOut(Out):
    """`finishes_at` is null if some are not through within the horizon: they are `unfinished`."""

    start: datetime
    time_zone: str
    finishes_at: datetime | None
    contacts: int = Field(description="Those who are not through the strategy yet.")
    unfinished: int
    reached: int
    calls: int
    connected: int
    texts: int
    segments: int
    delivered: int
    replies: int
    agent_utilisation: float | None = Field(
        description="Of the time at which agents are at work and anybody may be called, the part that they talk or wrap up."
    )
    agent_hours: float
    outcomes: dict[str, int]
    results: list[FinishOut]
    unreached: list[UnreachedOut]
    hours: HoursOut
    limited_by: dict[str, float] = Field(description="For how many hours what kept calls that were due waiting.")
    warnings: list[str]
    assumptions: JsonObject = Field(description="As they were used: `Assumptions`.")
