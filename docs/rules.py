"""The reference page of the rule packs, from their files."""

from collections.abc import Iterator

from dialer.domain.rules.catalogue import RulePack, packs
from docs.schema import code, table

INTRODUCTION = """# Rule packs

Calling rules that a campaign can choose (`rule_pack`), from `dialer/domain/rules/packs/`. **Not legal advice**: published
sources disagree on some rules, and rules change. So a pack has a version and the date on which its sources were read, and
whatever is refused cites rule, pack and version. A version that was in use is never changed: other figures are a new one.
[Keep to calling rules](../how-to/calling-rules.md) says how they are used, and what they do not do."""


def rule_packs() -> Iterator[str]:
    for pack in packs().values():
        yield f"## {pack.name}\n\n{code(pack.id)}, version {pack.version} of {pack.dated}. {pack.about}\n"
        if pack.rules:
            yield from _rules(pack)
            yield ""


def _rules(pack: RulePack) -> Iterator[str]:
    rows = (
        (_cited(pack, one.citation.rule, one.citation.pack), one.rule.sentence(), one.rule.source) for one in pack.rules
    )
    yield from table(("rule", "what it says", "source"), rows)


def _cited(pack: RulePack, rule: str, of: str) -> str:
    return code(rule) if of == pack.id else f"{code(rule)} of {code(of)}"
