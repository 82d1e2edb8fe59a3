"""The own leg of an agent who accepted an offer (preview): what its channel is called."""

#: The channel of an agent who accepted an offer. No prefix of the other id, nor the other way round: Asterisk 22 refuses a
#: `ChannelId` that a living channel's begins with.
AGENT_PREFIX = "a-agent-"


def agent_channel_id(attempt_id: str) -> str:
    """The Uniqueid of the agent's own leg of a preview call; also the ActionID of its Originate."""
    return AGENT_PREFIX + attempt_id


def agent_leg_of(text: str) -> str | None:
    """The attempt behind such an id, or None for any other."""
    return text[len(AGENT_PREFIX) :] if text.startswith(AGENT_PREFIX) else None
