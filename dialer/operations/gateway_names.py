"""How a gateway is named: people type names, programs keep ids, and neither may mean two of them."""

import re
from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.patterns import LINE, WORDS
from dialer.domain.said import Said
from dialer.store import gateways


def check_free(name: str, own_id: str | None, names: Mapping[str, str]) -> None:
    """Raises `InvalidInput` if another gateway has the name or has it as its id; `names`: id to name of all."""
    if not re.fullmatch(LINE, name):
        raise InvalidInput.single("name", WORDS[LINE])
    for gateway_id, other in names.items():
        if gateway_id == own_id:
            continue
        if other == name:
            raise taken(name)
        if gateway_id == name:
            told = Said(
                "%(name)s is the id of the gateway %(other)s, so it would mean both: take another name",
                name=shown(name),
                other=shown(other),
            )
            raise InvalidInput.single("name", told)


def free_id(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with the first number at its end that is neither an id nor a name yet."""
    known, candidate, number = set(taken), wanted, 1
    while candidate in known:
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate


async def resolved(tx: AsyncConnection, field: str, id_or_name: str) -> str:
    """The id of the gateway that is meant; what names none stays as it is. Raises `InvalidInput` if it names two."""
    found = await gateways.named(tx, id_or_name)
    if len(found) > 1:
        by_id, by_name = sorted(found, key=lambda one: one.id != id_or_name)
        told = Said(
            "%(id_or_name)s is the id of the gateway %(name)s and the name of the gateway with the id "
            "%(id)s: rename that one, or name it by its id",
            id_or_name=shown(id_or_name),
            name=shown(by_id.name),
            id=shown(by_name.id),
        )
        raise InvalidInput.single(field, told)
    return found[0].id if found else id_or_name


def taken(name: str) -> InvalidInput:
    return InvalidInput.single("name", "there is a gateway %(name)s already", name=shown(name))
