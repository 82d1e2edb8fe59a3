"""What a person sees or hears of a page: its texts, and the attributes that are read out."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

#: Code is no language, and what somebody typed is theirs. So is what the page itself says not to translate, or is in English.
UNREAD = frozenset({"script", "style", "code", "pre", "textarea", "svg", "datalist"})
EMPTY = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "use",
        "rect",
    }
)
READ_OUT = frozenset({"title", "placeholder", "aria-label", "alt", "data-unreached", "data-asks"})
_MARKED = re.compile(r"⟦[^⟦⟧]*⟧")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread: list[bool] = []  # of the elements that are open
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        unread = tag in UNREAD or given.get("translate") == "no" or (tag != "html" and "lang" in given)
        if tag not in EMPTY:
            self._unread.append(unread or any(self._unread[-1:]))
        if not any(self._unread[-1:]):
            self.found += [value for name, value in attrs if name in READ_OUT and value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY and self._unread:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        """A text may go on over several elements: what is between its marks counts as marked."""
        if any(self._unread[-1:]):
            return
        outside = ""
        for part in re.split(r"([⟦⟧])", data):
            if part in ("⟦", "⟧"):
                self._depth += 1 if part == "⟦" else -1
            elif not self._depth:
                outside += part + " "
        self.found.append(outside)


def unmarked(page: str) -> Iterator[str]:
    """Visible texts without what stands between `⟦` and `⟧`, if letters are left."""
    texts = _Texts()
    texts.feed(page)
    for text in texts.found:
        left = " ".join(_MARKED.sub(" ", text).split())
        if re.search("[A-Za-z]", left):
            yield left
