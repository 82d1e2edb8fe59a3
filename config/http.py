"""Settings of the pages and the API."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, field_validator

from config.section import Port, Section


class Http(Section):
    host: str = Field(default="127.0.0.1", description="Address the pages and the API listen on.")
    port: Port = Field(default=8080, description="Port the pages and the API listen on.")
    session_hours: float = Field(default=12, gt=0, le=720, description="How long a login lasts without use, in hours.")
    secure_cookies: bool = Field(
        default=False, description="Set to true behind TLS: the session cookie is then sent over https only."
    )
    max_connections: int = Field(
        default=800,
        ge=10,
        le=1_000_000,
        description="So many connections may be open at once, each page that is looked at being one; more are answered 503 and closed. Keep it 200 below the number of files that the process may open (`ulimit -n`, systemd's `LimitNOFILE`).",
    )
    head_s: float = Field(
        default=10,
        gt=0,
        le=600,
        description="How long the head of a request may take before its connection is closed, in seconds.",
    )
    idle_s: float = Field(
        default=75,
        gt=0,
        le=3600,
        description="How long a connection stays open between two requests, in seconds. Longer than a reverse proxy keeps its own (nginx: 60 s), so that it is the proxy who closes.",
    )
    max_upload_mb: int = Field(
        default=1024, ge=1, le=65536, description="Largest contact file that is taken, in megabytes."
    )
    upload_minutes: float = Field(
        default=60, gt=0, le=1440, description="How long a contact file may take to come whole, in minutes."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Addresses or networks (`10.0.0.0/8`) of reverse proxies whose `X-Forwarded-For` is believed: the audit log and the throttling of logins then go by the address that they name. Empty: by who is connected.",
    )
    language: str = Field(
        default="en",
        description="Language of the pages for a browser that asks for none of those that are here. A browser that does gets the language it asks for. `en`, or one with a catalogue.",
    )
    locale_dir: Path | None = Field(
        default=None,
        description="Folder with catalogues of other languages, `LANG/LC_MESSAGES/messages.po` each; they win over those that come with the server.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for one in networks:
            try:
                ip_network(one, strict=False)
            except ValueError:
                raise ValueError(f"{one!r} is no address and no network, such as 10.0.0.1 or 10.0.0.0/8") from None
        return networks
