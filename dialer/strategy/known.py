"""The names that exist where a strategy is to run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """Queues, gateways, attributes and dialing modes by name, and the hosts that webhooks may call.

    None where the caller cannot tell, so nothing is checked.
    """

    queues: frozenset[str] | None = None
    voice_gateways: frozenset[str] | None = None
    sms_gateways: frozenset[str] | None = None
    attributes: frozenset[str] | None = None
    modes: frozenset[str] | None = None
    webhook_hosts: frozenset[str] | None = None
