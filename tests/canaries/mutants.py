# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants of files, the same for the same seed, and the question whether a reading of one lost something silently.

Bytes are flipped, cut, doubled, spliced and set to the numbers that break counts and lengths; of a zip the members
are changed and packed again, so that the damage is inside and no checksum tells; XML, HTML and line formats are
changed where their grammar is.

A reading is *silent* about a loss if it reports no problem and lacks a word that the mutant still carries: as it
stands, or inside a member that unpacks.  A word whose own bytes were hit is no loss, except where a checksum of the
format says that bytes are wrong.
"""

import bz2
import gzip
import io
import lzma
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from canaries.core import VISIBLE, Canary
from safehold.model import Reading

Mutate = Callable[[bytes, random.Random, list[bytes]], bytes]

TEXTS = frozenset(("text", "html", "csv", "ics", "vcf", "mime", "eml"))
# Formats in which a flipped byte of the content (not of names and comments) is found out by a checksum.
CHECKED = frozenset(("zip", "gz", "bz2", "xz", "7z"))
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_TAG = re.compile(rb"<[^<>]{1,400}>")
_PIECES = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"<a>" * 400,
    b"</a>",
    b"&b;",
    b"\x00",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"\xff\xfe",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file, how it was changed, and the words it carried before."""

    how: str
    name: str | None
    content: bytes = field(repr=False)
    original: Canary | None = field(repr=False, default=None)


def mutants(canaries: list[Canary], others: list[tuple[str | None, bytes]], count: int, seed: str) -> Iterator[Mutant]:
    """Yield *count* mutants, by turns of the canaries and of *others* (files of the format without known words)."""
    pool = [canary.content for canary in canaries]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        if others and number % 2:
            name, content = rng.choice(others)
            original = None
        else:
            original = rng.choice(canaries)
            name, content = original.name, original.content
        how, change = rng.choice(_ways(content))
        yield Mutant(how, name, change(content, rng, pool), original)


def _ways(content: bytes) -> list[tuple[str, Mutate]]:
    ways: list[tuple[str, Mutate]] = [
        ("flipped", _flip), ("cut short", _truncate), ("piece cut out", _cut), ("piece doubled", _double),
        ("spliced", _splice), ("number changed", _number),
    ]  # fmt: skip
    if content.startswith(b"PK\x03\x04"):
        ways += 2 * [("member changed", _member), ("member moved", _rename), ("header of a member changed", _header)]
    elif b"<" in content[:200] and b">" in content[:2_000]:
        ways += 2 * [("markup changed", _markup)]
    elif content.count(b"\n") > 5 and b"\x00" not in content[:500]:
        ways += 2 * [("lines changed", _lines)]
    return ways


def _flip(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _truncate(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    return content[: rng.randrange(1, max(2, len(content)))]


def _span(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(content))
    return start, min(len(content), start + rng.choice((1, 4, 16, 64, 512, 4_096)))


def _cut(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:] or b"x"


def _double(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 1, 50)) + content[end:]


def _splice(content: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    other = rng.choice(pool)
    start, end = _span(content, rng)
    there, until = _span(other, rng)
    return content[:start] + other[there:until] + content[end:]


def _number(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    width = rng.choice((1, 2, 4, 4, 8))
    at = rng.randrange(max(1, len(content) - width))
    value = rng.choice(_NUMBERS) & (1 << 8 * width) - 1
    return content[:at] + value.to_bytes(width, rng.choice(("little", "big"))) + content[at + width :]


# -- with the grammar ---------------------------------------------------------------------------------------------


def _markup(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    tags = [found.span() for found in _TAG.finditer(content)]
    if len(tags) < 3:
        return _flip(content, rng, [])
    first, second = sorted(rng.sample(tags, 2))
    what = rng.randrange(6)
    if what == 0:  # a tag gone
        return content[: first[0]] + content[first[1] :]
    if what == 1:  # two tags exchanged
        return (
            content[: first[0]] + content[second[0] : second[1]] + content[first[1] : second[0]]
            + content[first[0] : first[1]] + content[second[1] :]
        )  # fmt: skip
    if what == 2:  # something foreign put in
        return content[: first[1]] + rng.choice(_PIECES) + content[first[1] :]
    if what == 3:  # a stretch wrapped in many levels
        return content[: first[0]] + b"<x>" * 300 + content[first[0] :]
    if what == 4:  # an end without a tag
        return content[: first[1] - 1] + content[first[1] :]
    return content[: first[0]] + content[first[0] : second[1]] * 2 + content[second[1] :]


def _lines(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    what = rng.randrange(5)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(at, rng.choice(lines))
    elif what == 2:
        lines[at] = lines[at].rstrip(b"\r\n")
    elif what == 3:
        lines[at] = lines[at].replace(b":", b"", 1).replace(b"=", b"", 1)
    else:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    return b"".join(lines)


def _unzipped(content: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        return []


def _zipped(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, (2025, 6, 2, 9, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def _member(content: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    members = [(name, inside) for name, inside in _unzipped(content)]
    full = [index for index, (_, inside) in enumerate(members) if inside]
    if not full:
        return _flip(content, rng, pool)
    index = rng.choice(full)
    name, inside = members[index]
    markup = inside.lstrip()[:1] == b"<"
    change: Mutate = rng.choice(
        (_markup, _markup, _flip, _cut, _truncate) if markup else (_flip, _cut, _number, _truncate)
    )
    members[index] = (name, change(inside, rng, [inside]))
    return _zipped(members)


def _rename(content: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    members = _unzipped(content)
    if len(members) < 2:
        return _flip(content, rng, pool)
    index = rng.randrange(len(members))
    name, inside = members[index]
    what = rng.randrange(4)
    if what == 0:
        del members[index]
    elif what == 1:
        members[index] = (name.replace("/", "/x/", 1), inside)
    elif what == 2:
        members[index] = (name.upper(), inside)
    else:
        members[index] = (rng.choice(members)[0] + "~", inside)
    return _zipped(members)


def _header(content: bytes, rng: random.Random, pool: list[bytes]) -> bytes:
    """Change a number in the header of a member, in front of it or in the directory."""
    places = [found.start() for found in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", content)]
    at = rng.choice(places) + rng.randrange(4, 30)
    if at + 4 > len(content):
        return _flip(content, rng, pool)
    width = rng.choice((1, 2, 4))
    value = rng.choice(_NUMBERS) & (1 << 8 * width) - 1
    return content[:at] + value.to_bytes(width, "little") + content[at + width :]


# -- what was lost ------------------------------------------------------------------------------------------------


def words_in(reading: Reading, canary: Canary) -> set[str]:
    """Return which words of a canary a reading has."""
    texts = [segment.text for segment in reading.segments]
    return {place.word for place in canary.places if any(place.word in text for text in texts)}


def silent_losses(mutant: Mutant, reading: Reading, format_name: str, intact: set[str]) -> list[str]:
    """Return the places whose words are lost although no problem is said."""
    if mutant.original is None or reading.problems:
        return []
    lost = intact - words_in(reading, mutant.original)
    if not lost:
        return []
    views = list(_views(mutant.content))
    repacked = mutant.how.startswith("member")
    return [
        place.name
        for place in mutant.original.places
        if place.word in lost
        and (
            _carried(place.word, views, aligned=format_name in TEXTS)
            or (format_name in CHECKED and not repacked and place.expected == VISIBLE and not _is_whole(mutant.content))
        )
    ]


def _is_whole(content: bytes) -> bool:
    """Return whether nothing tells that something is missing: too short to be told, or cut between two streams."""
    if len(content) < 8 or content[:2] not in (b"\x1f\x8b", b"BZ", b"\xfd7", b"PK", b"7z"):
        return True
    for unpack in (gzip.decompress, bz2.decompress, lzma.decompress):
        try:
            unpack(content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue
        return True
    return False


def _views(content: bytes) -> Iterator[bytes]:
    yield content
    for _, inside in _unzipped(content):
        yield from _views(inside) if inside.startswith(b"PK\x03\x04") else (inside,)


def _carried(word: str, views: list[bytes], *, aligned: bool) -> bool:
    if any(word.encode() in view for view in views):
        return True
    return any(_carried_wide(word, view, aligned=aligned) for view in views)


def _carried_wide(word: str, view: bytes, *, aligned: bool) -> bool:
    little, big = word.encode("utf-16-le"), word.encode("utf-16-be")
    # The spelling of the other order, seen from its second byte, is the word without the whole of its last letter.
    places = [view.find(little), -1 if little[:-2] in view and little not in view else view.find(big)]
    # In a text of two-byte characters, what stands at an odd place is no word any more.
    return any(place >= 0 and not (aligned and place % 2) for place in places)
