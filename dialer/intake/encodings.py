"""Which encoding a file is in: a byte-order mark, else UTF-8, else what its whole content reads best as.

A file that begins as UTF-8 (a character of several bytes in its head) is UTF-8: a fault further on is told, never taken
for a code page. The same if most lines beyond ASCII are UTF-8, wherever they stand.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import charset_normalizer

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.said import Said, marked
from dialer.intake.faults import FileFault, UnreadableFile

HEAD_BYTES = 65_536
CHUNK_BYTES = 1 << 18
WINDOWS = tuple(f"windows-{page}" for page in (1252, 1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258))
ISO = tuple(f"iso-8859-{part}" for part in (1, 2, 5, 7, 8, 9, 15))
# What is detected beside UTF-8 and UTF-16; of several that read equally well the first is taken.
DETECTED = (*WINDOWS, *ISO)
# A person may name one of these when a file is neither UTF-8 nor marked; codecs that execute or expand are not here.
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"),
    *DETECTED,
    *("mac-roman", "cp437", "cp850", "koi8-r", "koi8-u"),
    *("shift_jis", "euc-jp", "euc-kr", "gb18030", "big5"),
)
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"))
_BOMS_16 = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BEYOND_ASCII = re.compile(rb"[^\r\n]{0,200}[\x80-\xff][^\r\n]{0,200}")
_SAMPLE_BYTES = 32_768
_LEAST_SAMPLE = 2_048  # statistics over less are a matter of luck, so a short sample is repeated
_STEP_BYTES = 1_024
_LARGEST_CHAOS = 0.2
_SYMBOLS = frozenset({"Sc", "Sk", "Sm", "So", "No"})
_AS_GOOD = 0.001
_REMEDY = marked("save it as CSV UTF-8, or name the encoding it is in")


def checked_encoding(name: str) -> str:
    """An encoding a person named, in its usual spelling. Raises InvalidInput for one that is not offered."""
    wanted = name.strip().lower().replace("_", "-")
    for known in ENCODINGS:
        if known.replace("_", "-") in (
            wanted,
            wanted.replace("cp125", "windows-125"),
            wanted.replace("latin1", "iso-8859-1"),
        ):
            return known
    raise InvalidInput.single(
        "encoding", "%(value)s is not offered; use one of %(known)s", value=shown(name), known=", ".join(ENCODINGS)
    )


def detect_encoding(path: Path) -> str:
    """The encoding of a file. Reads all of it unless its head tells; an undecided one is UTF-8, which the reader refuses."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    marked = _of_marks(head)
    if marked:
        return marked
    if _is_utf8(head, final=len(head) < HEAD_BYTES) and (not head.isascii() or _is_all_utf8(path)):
        return "utf-8"
    lines = _lines_beyond_ascii(path)
    if sum(_is_utf8(line) for line in lines) * 2 >= len(lines):
        return "utf-8"
    return _best(lines) or "utf-8"


def encoding_fault(path: Path, encoding: str) -> UnreadableFile:
    """Where exactly the file stops being in that encoding: byte (from 1) and line; for the message only."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    position, line = 0, 1
    for chunk in _chunks(path):
        pending = len(decoder.getstate()[0])
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as fault:
            start = position - pending + fault.start
            line += fault.object[: fault.start].count(b"\n")
            return _named_fault(encoding, fault, start, line)
        except UnicodeError:  # UTF-16 and UTF-32 that are named want their mark
            reason = Said("the file is not %(encoding)s: it does not begin with a byte-order mark", encoding=encoding)
            remedy = Said("name %(encoding)s-le or %(encoding)s-be, or the encoding it is in", encoding=encoding)
            return UnreadableFile(FileFault.ENCODING, reason, remedy)
        position += len(chunk)
    # Only if the file was changed meanwhile.
    return UnreadableFile(
        FileFault.ENCODING, Said("the file is not %(encoding)s", encoding=encoding), "upload it again"
    )


def _of_marks(head: bytes) -> str | None:
    """From a byte-order mark, else from the pattern of NUL bytes."""
    for bom, name in (*_BOMS, *_BOMS_16):
        if head.startswith(bom):
            return name
    pairs = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    # Western text in UTF-16 has every other byte NUL; a NUL or two in a file of bytes is a fault of another kind.
    if odd > 0.4 and even < 0.1:  # noqa: PLR2004
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:  # noqa: PLR2004
        return "utf-16-be"
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    """The whole file, and one empty chunk at its end."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    yield b""


def _is_utf8(content: bytes, *, final: bool = True) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(content, final=final)
    except UnicodeDecodeError:
        return False
    return True


def _is_all_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return False
    return True


def _lines_beyond_ascii(path: Path) -> list[bytes]:
    """Lines (or pieces of them) with something beyond ASCII, from everywhere in the file."""
    share = max(512, _SAMPLE_BYTES // (path.stat().st_size // CHUNK_BYTES + 1))
    found: list[bytes] = []
    total = 0
    for chunk in _chunks(path):
        taken = 0
        for match in _BEYOND_ASCII.finditer(chunk):
            found.append(match[0])
            taken += len(match[0])
            if taken > share:
                break
        total += taken
        if total > _SAMPLE_BYTES * 4:  # a file of gigabytes: enough is enough
            break
    return found


def _best(lines: list[bytes]) -> str | None:
    """The encoding in which the lines read as the clearest text of some language; None if in none."""
    sample = b"\n".join(lines) + b"\n"
    sample *= -(-_LEAST_SAMPLE // len(sample))
    matches = charset_normalizer.from_bytes(
        sample,
        steps=-(-len(sample) // _STEP_BYTES),
        chunk_size=_STEP_BYTES,
        threshold=_LARGEST_CHAOS,
        cp_isolation=list(DETECTED),
        preemptive_behaviour=False,
    )
    # The library calls them by the names of Python's codecs, and folds those that give the same text.
    marks = {
        codecs.lookup(name).name: match.coherence - match.chaos - _misfits(str(match))
        for match in matches
        for name in match.could_be_from_charset
    }
    if not marks:
        return None
    good = max(marks.values()) - _AS_GOOD
    return next(name for name in DETECTED if marks.get(codecs.lookup(name).name, -1.0) >= good)


def _misfits(text: str) -> float:
    """The share of characters beyond ASCII that no language writes there: £ukasz, Wójcik³, an accent on nothing."""
    beyond = misfits = 0
    before = " "
    for char, after in pairwise(text):
        if not char.isascii():
            beyond += 1
            kind = unicodedata.category(char)
            in_word = kind in _SYMBOLS and (before.isalpha() or after.isalpha())
            misfits += in_word or (kind == "Mn" and not before.isalpha())
        before = char
    return misfits / max(1, beyond)


def _named_fault(encoding: str, fault: UnicodeDecodeError, start: int, line: int) -> UnreadableFile:
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    reason = Said(
        "the file is not %(encoding)s: byte %(byte)s at position %(position)s, line %(line)s",
        encoding=name, byte=f"0x{fault.object[fault.start]:02x}", position=start + 1, line=line,
    )  # fmt: skip
    return UnreadableFile(FileFault.ENCODING, reason, _REMEDY)
