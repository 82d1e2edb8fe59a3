"""The page of the API's problems."""

from collections.abc import Iterator

from admin.problems import PROBLEMS, slug
from docs.schema import code

INTRODUCTION = """# Problems

Every error of the API is a problem detail (RFC 9457): `{type, title, status, detail}`, and `errors: [{field, reason}]` where fields
are wrong. `type` is `/api/problems#…`, where a running server shows what follows here; it stays the same, `detail` is for people."""


def problems() -> Iterator[str]:
    for title, one in PROBLEMS.items():
        yield f"## {title}\n"
        yield f"{code(one.status)} {code(f'/api/problems#{slug(title)}')} {one.meaning} {one.remedy}\n"
