"""Rule packs as the API gives them."""

from typing import Self

from admin.schemas.common import CitationOut, Out
from dialer.domain.rules.catalogue import RulePack


class RuleOut(CitationOut):
    """`text` is what it says, with its figures; `source` the text of law or standard."""

    kind: str
    text: str
    source: str


class RulePackOut(Out):
    """`rules` are all that hold, those of the pack that it includes with their own citation."""

    id: str
    name: str
    version: str
    dated: str
    about: str
    rules: list[RuleOut]

    @classmethod
    def of(cls, pack: RulePack) -> Self:
        rules = [
            RuleOut(**one.citation.to_json(), kind=one.rule.kind, text=one.rule.sentence(), source=one.rule.source)
            for one in pack.rules
        ]
        return cls(id=pack.id, name=pack.name, version=pack.version, dated=pack.dated, about=pack.about, rules=rules)


class RulePacksOut(Out):
    items: list[RulePackOut]
    total: int
