"""The names that exist where a strategy is to run."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.domain.fields import Field


@dataclass(frozen=True, slots=True)
class Known:
    """Queues, gateways, attributes and dialing modes by name, the hosts that webhooks may call, and the custom fields.

    None where the caller cannot tell, so nothing is checked.
    """

    queues: frozenset[str] | None = None
    voice_gateways: frozenset[str] | None = None
    sms_gateways: frozenset[str] | None = None
    attributes: frozenset[str] | None = None
    modes: frozenset[str] | None = None
    webhook_hosts: frozenset[str] | None = None
    fields: Mapping[str, Field] | None = None
