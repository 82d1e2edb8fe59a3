"""All routes of the API."""

from aiohttp import web


def install(app: web.Application) -> None:
    """Add the routes under `/api/v1`."""
