"""In which language a page is drawn, and its words: gettext, with the language of the request in a context variable.

English is the source and needs no catalogue. Each other language is one file, `LANG/LC_MESSAGES/messages.po` under
`admin/locale`, read at the start; nothing is compiled by hand. What programs read (the API, webhooks, logs) is English always.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import structlog
from babel import negotiate_locale
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import get_decimal_symbol, get_group_symbol
from babel.support import NullTranslations, Translations
from markupsafe import Markup, escape

from admin.recognising import Templates
from config.load import SettingsError
from dialer.domain.said import Said

log = structlog.get_logger()

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
K = TypeVar("K")
# Nobody understands more; the rest of a longer header is not read.
MOST_WANTED = 20
# Where what is stored is said, and what scripts say.
_SAID_IN = ("dialer/", "sms/", "admin/described.py")
_SCRIPTS = ("admin/static/",)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """`tag` as HTML and BCP 47 write it: `de`, `pt-BR`. `templates` are of what is stored, `scripted` of what scripts say.

    `marks` are those of its numbers, for the comma and the point of English ones.
    """

    tag: str
    texts: NullTranslations
    templates: Templates = field(default_factory=Templates)
    scripted: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[int, str] = field(default_factory=dict)


ENGLISH = Language(SOURCE, NullTranslations())
spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@dataclass(frozen=True)
class Languages:
    """What this installation speaks. `default`: to who asks for nothing that is here."""

    default: Language = ENGLISH
    known: Mapping[str, Language] = field(default_factory=lambda: {SOURCE: ENGLISH})

    def wanted(self, accept: str) -> Language:
        """By the header `Accept-Language` (RFC 9110, section 12.5.4): `de-AT` gets `de` where nothing is nearer."""
        by_name = {tag.lower().replace("-", "_"): language for tag, language in self.known.items()}
        found = negotiate_locale([tag.replace("-", "_") for tag in _in_order(accept)], list(by_name))
        return by_name.get(found.lower(), self.default) if found else self.default


def load(default: str, own: Path | None = None) -> Languages:
    """The catalogues that come with us, and those of a folder of this installation, which win.

    Raises SettingsError of a file that can't be read, and of a default without a catalogue.
    """
    folders = [FOLDER, own] if own else [FOLDER]
    files = [path for folder in folders for path in sorted(folder.glob("*/LC_MESSAGES/messages.po"))]
    known = {SOURCE: ENGLISH} | {one.tag: one for one in map(_read, files)}
    if default not in known:
        raise SettingsError([f"http.language: {default!r} has no catalogue; take one of {', '.join(sorted(known))}"])
    return Languages(known[default], known)


def _(message: str, /, **values: object) -> str:
    """As in the templates: `%(name)s` is one of `values`, and a percent sign is written twice."""
    return spoken.get().texts.gettext(message) % values


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """As in the templates; `%(num)s` is the number as people write it."""
    return spoken.get().texts.ngettext(one, many, num) % {"num": figure(num), **values}


def figure(value: float, digits: int = 0) -> str:
    """As people write it, with so many digits behind the point: `1,234.5`, in German `1.234,5`."""
    written, marks = f"{value:,.{digits}f}", spoken.get().marks
    return written.translate(marks) if marks else written


def in_page(message: str, /, **values: object) -> Markup:
    """`_` of the templates: the text may have HTML in it, its values are escaped."""
    return _filled(spoken.get().texts.gettext(message), values)


def counted_in_page(one: str, many: str, num: int, /, **values: object) -> Markup:
    """`ngettext` of the templates; `%(num)s` is the number as people write it."""
    return _filled(spoken.get().texts.ngettext(one, many, num), {"num": figure(num), **values})


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    """What `Markup(text) % values` gives, in less time. A catalogue is trusted as the program is."""
    return Markup(text % {name: escape(value) for name, value in values.items()})  # noqa: S704


def N_(message: str) -> str:  # noqa: N802  (the name that the tools of gettext know)
    """Marks a text of a table for the catalogue; whoever shows it says `said` to it."""
    return message


def said(text: str) -> str:
    """A text that was marked with `N_`, or what the domain has `Said`; any other one stays as it is."""
    if isinstance(text, Said):
        values = {name: said(one) if isinstance(one, Said) else one for name, one in text.values.items()}
        return spoken.get().texts.gettext(text.template) % values
    return spoken.get().texts.gettext(text) if text else ""


def retold(text: str) -> str:
    """A sentence that was stored in English as it was `Said` then; any other one stays as it is."""
    return said(text if isinstance(text, Said) else recognised(text)) if text else ""


def recognised(text: str) -> str:
    return spoken.get().templates.recognised(text)


def labelled(table: Iterable[tuple[K, str]]) -> list[tuple[K, str]]:
    """Choices whose labels were marked with `N_`."""
    return [(key, said(label)) for key, label in table]


def _in_order(accept: str) -> list[str]:
    """The tags of the header, the most wanted first; what can't be read counts as not wanted."""
    wanted: list[tuple[float, str]] = []
    for part in accept.split(",")[:MOST_WANTED]:
        tag, _semicolon, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            wanted.append((-quality, tag.strip()))
    return [tag for _quality, tag in sorted(wanted, key=lambda one: one[0])]


def _marks(tag: str) -> Mapping[int, str]:
    return str.maketrans({",": get_group_symbol(tag), ".": get_decimal_symbol(tag)})


def _is_in(text: Message, places: tuple[str, ...]) -> bool:
    """A catalogue without references to files knows no difference."""
    return not text.locations or any(path.startswith(places) for path, _line in text.locations)


def _is_translated(text: Message) -> bool:
    return bool(text.string) and not text.fuzzy


def _read(path: Path) -> Language:
    """A text whose placeholders are not those of the English one would break its page: it stays English."""
    tag = path.parents[1].name
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=tag.replace("-", "_"), abort_invalid=True)
    except (PoFileError, ValueError, LookupError, OSError) as error:
        raise SettingsError([f"{path}: is no catalogue: {error}; correct or remove it"]) from None
    for message, errors in list(catalogue.check()):
        log.warning("a translation is left out", file=str(path), line=message.lineno, error=str(errors[0]))
        catalogue.delete(message.id, message.context)
    made = BytesIO()
    write_mo(made, catalogue)
    made.seek(0)
    texts = [text for text in catalogue if text.id and isinstance(text.id, str)]
    templates = Templates.of(str(text.id) for text in texts if _is_in(text, _SAID_IN))
    scripted = {str(text.id): str(text.string) for text in texts if _is_in(text, _SCRIPTS) and _is_translated(text)}
    return Language(tag.replace("_", "-"), Translations(made), templates, scripted, _marks(tag.replace("-", "_")))
