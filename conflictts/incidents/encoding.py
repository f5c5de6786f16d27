"""Bytes in, UTF-8 bytes out: the encoding is read from its mark, proved, or detected and then said."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from conflictts.errors import InputError
from conflictts.incidents.packing import CHUNK, put, room

CANDIDATES = ("cp1252", "cp1256", "cp1251", "cp1250", "cp1254", "mac_roman")  # what spreadsheets save outside UTF-8
_SAMPLE = 1 << 16
_LEAST_COHERENCE = 0.3  # share of letters in the order of a known language; accidental decodings stay below 0.2
_MOST_CHAOS = 0.2  # charset-normalizer's own threshold of implausible neighbours
_ONE_BYTE = re.compile(r"cp125\d|cp437|cp8[56]\d|iso8859|koi8|mac")  # codecs of one byte a letter
_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export the sheet as CSV",
}


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A stream of UTF-8, where its text begins, and what to say about how it was decoded."""

    stream: IO[bytes]
    begins: int
    encoding: str
    remarks: tuple[str, ...] = ()


class NotUtf8(Exception):
    """A byte that no UTF-8 text has, met after the beginning of the file."""


@contextmanager
def decoded(stream: IO[bytes], name: str, *, declared: str | None, suspect: bool) -> Iterator[Text]:
    """Give the stream as UTF-8.

    Parameters
    ----------
    stream : seekable binary stream
    name : str
        Of the file, for messages.
    declared : str or None
        The encoding, where the caller knows it.
    suspect : bool
        Whether a first reading met bytes that are not UTF-8, so that the encoding must be detected.

    Raises
    ------
    InputError
        If it is no text, not of the encoding its mark or the caller says, or of one that cannot be told.
    """
    start = stream.read(_SAMPLE)
    stream.seek(0)
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature):
            raise InputError(f"{name} is not a text table but {what}. Give a CSV export.")
    remarks: tuple[str, ...] = ()
    codec = None if declared is None else _named(declared, name)
    if codec is None or start.startswith(codecs.BOM_UTF8):  # a mark is sure, where the caller tells of another file
        codec = _told_by(start)
    elif codec != "utf-8" and _is_utf8_after_all(stream, codec):
        remarks = (f"{name} is UTF-8, and read as such, though {codec} was declared",)
        codec = "utf-8"
    if codec is None and suspect:
        codec = _detect(stream, name)
        remarks = (f"{name} is not UTF-8; read as {codec}, as detected: check its accented letters",)
    if codec in (None, "utf-8", "utf-8-sig"):
        yield Text(stream, 3 if start.startswith(codecs.BOM_UTF8) else 0, "utf-8", remarks)
        return
    assert codec is not None
    with room(name) as recoded:
        _recode(stream, recoded, codec, name)
        recoded.seek(0)
        yield Text(recoded, 0, codec, remarks)


def refuse_other(stream: IO[bytes], name: str) -> None:
    """Raise InputError that names the first byte which is not UTF-8, if there is one; used where UTF-8 is declared."""
    _recode(stream, io.BytesIO(), "utf-8", name, keep=False)


def _named(declared: str, name: str) -> str:
    """The codec of that name, if Python has it and it turns bytes into text."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=declared)  # refuses what is no text encoding, such as base64
        return codecs.lookup(declared).name
    except (LookupError, ValueError, TypeError):
        raise InputError(
            f"{declared!r}, declared for {name}, is no encoding known here. Try 'utf-8' or 'cp1252'."
        ) from None


def _is_utf8_after_all(stream: IO[bytes], codec: str) -> bool:
    """Whether text declared as `codec` is UTF-8 beyond doubt, as after a spreadsheet program saved it anew.

    Text of one byte a letter is never UTF-8 throughout unless it is plain ASCII, and UTF-16 has zero bytes. Of other
    encodings nothing is said.
    """
    wide = codec.startswith("utf-16")
    if not wide and not _ONE_BYTE.match(codec):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    stream.seek(0)
    try:
        while part := stream.read(CHUNK):
            decoder.decode(part)
            plain = plain and part.isascii()
            if wide and b"\0" in part:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return wide or not plain


def _told_by(start: bytes) -> str | None:
    """The encoding a byte-order mark declares, or the one that zero bytes betray; None leaves UTF-8 to be proved."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = start[: 4096 - len(start) % 2]
    pairs = len(head) // 2
    high_first, high_second = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if pairs and not min(high_first, high_second) and max(high_first, high_second) > pairs // 4:
        return "utf-16-be" if high_first else "utf-16-le"
    return None


def _detect(stream: IO[bytes], name: str) -> str:
    """Ask charset-normalizer about the lines that are not ASCII; refuse where it recognises no language."""
    from charset_normalizer import from_bytes

    stream.seek(0)
    place, byte = _first_other(stream)
    stream.seek(0)
    lines: list[bytes] = []
    held = 0
    while held < _SAMPLE and (line := stream.readline(_SAMPLE)):
        if not line.isascii():
            lines.append(line)
            held += len(line)
    stream.seek(0)
    matches = [match for match in from_bytes(b"".join(lines), cp_isolation=list(CANDIDATES)) if match.encoding]
    best = max(matches, key=lambda match: (match.coherence, -match.chaos), default=None)
    if best is None or best.coherence < _LEAST_COHERENCE or best.chaos > _MOST_CHAOS:
        possible = ", ".join(sorted(match.encoding for match in matches)) or "none of those tried"
        raise InputError(
            f"{name} is not utf-8 text: byte 0x{byte:02x} in line {place}. Its encoding cannot be told from so little "
            f"({possible} would fit). Save it as CSV UTF-8, or read it with read_delimited(..., encoding='cp1252') or "
            "whichever it is."
        )
    return str(best.encoding)


def _first_other(stream: IO[bytes]) -> tuple[int, int]:
    """Line and value of the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    while True:
        part = stream.read(CHUNK)
        try:
            decoder.decode(part, final=not part)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n"), error.object[error.start]
        if not part:
            return line, 0
        line += part.count(b"\n")


def _recode(stream: IO[bytes], target: IO[bytes], codec: str, name: str, *, keep: bool = True) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    stream.seek(0)
    line = 1
    while True:
        part = stream.read(CHUNK)
        try:
            text = decoder.decode(part, final=not part)
            plain = text.encode()
        except UnicodeDecodeError as error:
            byte = error.object[error.start] if error.start < len(error.object) else 0
            wrong = f"byte 0x{byte:02x}"
        except UnicodeError:  # such as half a character, which UTF-7 may give and no UTF-8 has
            wrong = "an impossible character"
        else:
            if not part and not text:
                return
            line += text.count("\n")
            if keep:
                put(plain, target)
            continue
        raise InputError(f"{name} is not {codec} text: {wrong} near line {line}. Save it as CSV UTF-8.")
