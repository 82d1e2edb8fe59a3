"""Settings of the pages and the API."""

from pydantic import Field

from config.section import Port, Section


class Http(Section):
    host: str = Field(default="127.0.0.1", description="Address the pages and the API listen on.")
    port: Port = Field(default=8080, description="Port the pages and the API listen on.")
    session_hours: float = Field(default=12, gt=0, le=720, description="How long a login lasts without use, in hours.")
    secure_cookies: bool = Field(
        default=False, description="Set to true behind TLS: the session cookie is then sent over https only."
    )
    max_upload_mb: int = Field(
        default=1024, ge=1, le=65536, description="Largest contact file that is taken, in megabytes."
    )
