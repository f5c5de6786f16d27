"""A file on disk in, a stream of its plain bytes out: gzip and zip unpacked within bounds, hostile ones refused."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from conflictts.errors import InputError

MAX_BYTES = 4 << 30  # of one unpacked file; UCDP GED whole is 0.25 GB, ACLED whole about 2 GB
MAX_EXPANSION = 200  # unpacked / packed; conflict exports pack about 10:1, decompression bombs 1,000:1
IN_MEMORY = 64 << 20  # an unpacked or recoded file larger than this lies in a temporary file, not in memory
CHUNK = 1 << 20
MOST_WORDS = 160  # characters of another library's message, which may hold a name of any length
_TABLES = re.compile(r"\.(csv|tsv|tab|txt|jsonl|ndjson|parquet)$", re.IGNORECASE)
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an archive without members
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
)


class Readable(Protocol):
    """What unpacking and scanning ask of a stream."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


def brief(error: Exception) -> str:
    """What went wrong, without a member's endless name in it."""
    words = str(error)
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"


@contextmanager
def unpacked(path: Path, into: Path | None = None) -> Iterator[IO[bytes]]:
    """Give a seekable stream of the bytes in `path`: those of the file itself, or of the one table packed in it.

    An Excel workbook, which is a zip archive too, is given as it lies on disk.

    Parameters
    ----------
    into : Path, optional
        File for a packed table, as `room` takes it; default one that goes with the stream.

    Raises
    ------
    InputError
        If the file is missing, empty, damaged, encrypted, too large, a bomb, an archive in an archive, or an archive
        with several tables or with names that lead out of it; if there is no room for what is unpacked.
    """
    with _opened(path) as stream:
        start = stream.read(4)
        stream.seek(0)
        if start.startswith(_GZIP):
            with room(path.name, into) as plain:
                _gunzip(stream, plain, path)
                yield _rewound(plain, path)
        elif start in _ZIP:
            with _archive(stream, path) as archive:
                if _is_workbook(archive):
                    _refuse_bomb(sum(member.file_size for member in archive.infolist()), path)
                    stream.seek(0)
                    yield stream
                    return
                with room(path.name, into) as plain:
                    _extract(archive, plain, path)
                    yield _rewound(plain, path)
        else:
            yield stream


def told_size(path: Path) -> int:
    """How many bytes `unpacked` will give, as far as the file tells it; an archive that is no table's tells of none.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
        if start.startswith(_GZIP):
            stream.seek(-4, 2)
            return int.from_bytes(stream.read(4), "little")
        if start not in _ZIP:
            return path.stat().st_size
        try:
            with zipfile.ZipFile(stream) as archive:
                return 0 if _is_workbook(archive) else max((each.file_size for each in archive.infolist()), default=0)
        except _ZIP_FAULTS:
            return 0


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies on disk."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Digested:
    """A stream of which the digest is taken as it is read, from beginning to end."""

    stream: IO[bytes]
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(self, size: int, /) -> bytes:
        """The next bytes, as from the stream itself."""
        part = self.stream.read(size)
        self.sha256.update(part)
        return part


def is_workbook(stream: IO[bytes]) -> bool:
    """Say whether the stream is an Excel workbook (.xlsx); rewinds it."""
    start = stream.read(4)
    stream.seek(0)
    if start not in _ZIP:
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            return _is_workbook(archive)
    finally:
        stream.seek(0)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a file. Name the file inside it.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path.name} has {size:,} bytes, more than {MAX_BYTES:,}. Cut it by year.")
        stream = path.open("rb")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}. Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Check its permissions.") from None
    except ValueError as error:
        raise InputError(f"{str(path)!r} is no path to a file ({error}). Check the path.") from None
    with stream:
        while (part := stream.read(CHUNK)) and not part.strip():
            pass
        if not part:
            raise InputError(f"{path.name} is empty ({size} bytes). Export or download it again.")
        stream.seek(0)
        yield stream


class _Full(Exception):
    """What was to be written aside could not be, for the reason it holds."""


@contextmanager
def room(name: str, into: Path | None = None) -> Iterator[IO[bytes]]:
    """Give a stream to `put` bytes of the file of that name into, which lie in memory while they are few.

    Parameters
    ----------
    into : Path, optional
        File for all of them, in a folder of its own, which stays.

    Raises
    ------
    InputError
        If there is no room for them on disk, which is no fault of the file.
    """
    aside: IO[bytes] | None = None
    spooled = partial(tempfile.SpooledTemporaryFile, max_size=IN_MEMORY)
    try:
        try:
            aside = spooled() if into is None else into.open("w+b")
        except OSError as error:
            raise _Full(error.strerror) from None
        yield aside
    except _Full as full:
        folder, how = into and into.parent.parent, "as temporary (--temp-dir)"
        if folder is None:
            folder, how = Path(tempfile.gettempdir()), "in the environment variable TMPDIR"
        raise InputError(
            f"{name} cannot be unpacked into {folder} ({full}). Make room there, or name a folder with more of it "
            f"{how}."
        ) from None
    finally:
        if aside is not None:
            with suppress(OSError):  # of a full disk, told above: all that is read again was written before
                aside.close()


def put(part: bytes, target: IO[bytes]) -> None:
    """Write bytes into a `room`."""
    try:
        target.write(part)
        target.flush()
    except OSError as error:
        raise _Full(error.strerror) from None


def _rewound(plain: IO[bytes], path: Path) -> IO[bytes]:
    plain.seek(0)
    start = plain.read(4)
    plain.seek(0)
    if start.startswith(_GZIP) or start in _ZIP:
        raise InputError(f"{path.name} is an archive inside an archive. Unpack it yourself and give the table in it.")
    return plain


def _copy(source: Readable, target: IO[bytes], limit: int, path: Path) -> None:
    size = 0
    while part := source.read(CHUNK):
        size += len(part)
        if size > limit:
            _refuse_bomb(size, path)
        put(part, target)


def _limit(path: Path) -> int:
    return min(MAX_BYTES, max(IN_MEMORY, MAX_EXPANSION * path.stat().st_size))


def _refuse_bomb(size: int, path: Path) -> None:
    if size > (limit := _limit(path)):
        raise InputError(
            f"{path.name} unpacks to more than {limit >> 20} MiB from {path.stat().st_size >> 10} KiB, which no "
            "table of records does. Unpack it yourself and look at it before reading it."
        )


def _gunzip(stream: IO[bytes], target: IO[bytes], path: Path) -> None:
    try:
        with gzip.open(stream) as source:
            _copy(source, target, _limit(path), path)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path.name} is a damaged gzip file ({brief(error)}). Download it again.") from None


@contextmanager
def _archive(stream: IO[bytes], path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(stream)
    except _ZIP_FAULTS as error:
        raise InputError(
            f"{path.name} is damaged ({brief(error)}): it begins like a zip archive or an Excel workbook; unpack it, "
            "or export the sheet as CSV, or download it again."
        ) from None
    with archive:
        yield archive


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = archive.namelist()
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def _extract(archive: zipfile.ZipFile, target: IO[bytes], path: Path) -> None:
    member = _one_table(archive, path)
    if member.flag_bits & 0x1:
        raise InputError(f"{path.name} is encrypted. Unpack it with its password and give the table in it.")
    _refuse_bomb(member.file_size, path)
    try:
        with archive.open(member) as source:
            _copy(source, target, _limit(path), path)
    except InputError:
        raise
    except _ZIP_FAULTS as error:
        raise InputError(f"{path.name} is a damaged zip archive ({brief(error)}). Download it again.") from None
    if not target.tell():
        raise InputError(f"{path.name} is empty: {member.filename!r} inside it has 0 bytes. Download it again.")


def _one_table(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """The one member to read: the only one, or the only table beside a codebook or a licence."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        parts = re.split(r"[/\\]", member.filename)
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise InputError(
                f"{path.name} holds {member.filename[:80]!r}, a name that leads out of the archive. Do not trust it; "
                "download it again from its publisher."
            )
    members = [member for member in members if not re.search(r"(^|/)(__MACOSX/|\.)", member.filename)]
    tables = [member for member in members if _TABLES.search(member.filename)]
    chosen = members if len(members) == 1 else tables
    if len(chosen) != 1:
        names = ", ".join(member.filename[:60] for member in (tables or members)[:6]) or "nothing"
        raise InputError(
            f"{path.name} should hold one table, but it holds {len(tables)} among {len(members)} files: {names}. "
            "Unpack it and give the table you mean."
        )
    return chosen[0]
