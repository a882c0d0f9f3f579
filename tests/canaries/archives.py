# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: APPNOTE 6.3.10, POSIX tar (ustar, pax, GNU), RFC 1952, bzip2, xz, 7z."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import inflate64
import py7zr
from backports import zstd

from canaries.core import ANY, HIDDEN, Canary, Words


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Return a zip archive; names in order, fixed dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2025, 6, 2, 9, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def _local(name: bytes, content: bytes, extra: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, flags, 0, 0, 0x5AC2, zlib.crc32(content), len(content), len(content), len(name),
        len(extra),
    ) + name + extra + content  # fmt: skip


def _directory(entries: list[tuple[bytes, bytes, int, bytes, bytes]], start: int) -> bytes:
    body = b""
    for name, content, offset, extra, comment in entries:
        body += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0x5AC2, zlib.crc32(content), len(content), len(content),
            len(name), len(extra), len(comment), 0, 0, 0, offset,
        ) + name + extra + comment  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(body), start, 0)
    return body + end


def build_zip() -> list[Canary]:
    """Return zip archives."""
    made: list[Canary] = []
    w = Words("zip", "members")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = w("comment of the archive", ANY).encode()
        for title, method in (
            ("stored", zipfile.ZIP_STORED),
            ("deflated", zipfile.ZIP_DEFLATED),
            ("bzip2", zipfile.ZIP_BZIP2),
            ("lzma", zipfile.ZIP_LZMA),
        ):
            info = zipfile.ZipInfo(f"{title}.txt", (2025, 6, 2, 9, 0, 0))
            info.compress_type = method
            archive.writestr(info, f"words {w(title)}")
        info = zipfile.ZipInfo(f"{w('name of a member', ANY)}.txt", (2025, 6, 2, 9, 0, 0))
        info.comment = w("comment of a member", ANY).encode()
        archive.writestr(info, "x")
        archive.writestr(zipfile.ZipInfo(f"{w('name of a folder', ANY)}/", (2025, 6, 2, 9, 0, 0)), "")
        archive.writestr(zipfile.ZipInfo(f"sub/{w('name of an empty file', ANY)}.txt", (2025, 6, 2, 9, 0, 0)), "")
        archive.writestr(zipfile.ZipInfo("inner.zip", (2025, 6, 2, 9, 0, 0)), zip_of({"a.txt": w("nested").encode()}))
        archive.writestr(zipfile.ZipInfo("same.txt", (2025, 6, 2, 9, 0, 0)), w("first of one name"))
        archive.writestr(zipfile.ZipInfo("../../up.txt", (2025, 6, 2, 9, 0, 0)), w("traversal"))
        archive.writestr(zipfile.ZipInfo("__MACOSX/._a.txt", (2025, 6, 2, 9, 0, 0)), f"fork {w('resource fork')} words")
    made.append(w.file(out.getvalue(), "a.zip"))

    w = Words("zip", "odd places")
    listed = f"words {w('listed member')}".encode()
    unlisted = f"words {w('member that the directory leaves out', ANY)}".encode()
    two = f"words {w('member with two names')}".encode()
    before = f"{w('before the archive', HIDDEN)}\r\n".encode()
    first = _local(b"a.txt", listed, struct.pack("<HH", 0x7075, 5) + b"\x01" + bytes(4))
    second = _local(b"b.txt", unlisted)
    names = (w("name in the local header", ANY).encode() + b".txt", w("name in the directory", ANY).encode() + b".txt")
    third = _local(names[0], two)
    start = len(before) + len(first) + len(second) + len(third)
    directory = _directory(
        [(b"a.txt", listed, len(before), b"", b""), (names[1], two, len(before) + len(first) + len(second), b"", b"")],
        start,
    )
    content = before + first + second + third + directory + w("behind the archive", HIDDEN).encode()
    made.append(w.file(content, "odd.zip"))

    w = Words("zip", "no directory")
    cut = zip_of({"a.txt": f"words {w('first')}".encode(), "b.txt": f"words {w('second')}".encode()})
    made.append(w.file(cut[: cut.index(b"PK\x01\x02")], "cut.zip"))

    w = Words("zip", "Unicode name in an extra field")
    unicode_name = f"{w('Unicode name', ANY)}.txt".encode()
    extra = struct.pack("<HHBI", 0x7075, len(unicode_name) + 5, 1, zlib.crc32(b"a.txt")) + unicode_name
    one = _local(b"a.txt", b"x", extra)
    made.append(w.file(one + _directory([(b"a.txt", b"x", 0, extra, b"")], len(one)), "names.zip"))

    w = Words("zip", "lies")
    folder = f"words {w('bytes of a folder')}".encode()
    between = gzip.compress(f"words {w('stream between members', ANY)}".encode(), mtime=0)
    first, last = _local(b"folder/", folder), _local(b"b.txt", b"x")
    entries = [(b"folder/", folder, 0, b"", b""), (b"b.txt", b"x", len(first) + len(between), b"", b"")]
    content = first + between + last + _directory(entries, len(first) + len(between) + len(last))
    made.append(w.file(content, "lies.zip"))
    made.append(_zip_of_newer_methods())
    return made


def _zip_of_newer_methods() -> Canary:
    """Return a zip whose members are packed as newer programs do."""
    w = Words("zip", "newer methods")
    members, entries = b"", []
    for title, method, pack in (
        ("deflate64", 9, _deflated_64), ("zstd", 93, zstd.compress), ("xz", 95, lzma.compress)
    ):  # fmt: skip
        content = f"words {w(title)}".encode()
        local, entry = bytearray(_local(b"a.txt", pack(content))), (b"a.txt", pack(content), len(members), b"", b"")
        directory = bytearray(_directory([entry], 0)[:-22])
        for header, at in ((local, 8), (directory, 10)):
            header[at : at + 2] = struct.pack("<H", method)
            header[at + 6 : at + 10] = struct.pack("<I", zlib.crc32(content))
            header[at + 14 : at + 18] = struct.pack("<I", len(content))
        members += local
        entries.append(bytes(directory))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 3, 3, sum(map(len, entries)), len(members), 0)
    return w.file(members + b"".join(entries) + end, "newer.zip")


def _deflated_64(content: bytes) -> bytes:
    engine = inflate64.Deflater()
    return engine.deflate(content) + engine.flush()


def build_tar() -> list[Canary]:
    """Return tar archives of each dialect."""
    made: list[Canary] = []
    for title, dialect in (("ustar", tarfile.USTAR_FORMAT), ("pax", tarfile.PAX_FORMAT), ("GNU", tarfile.GNU_FORMAT)):
        w = Words("tar", title)
        out = io.BytesIO()
        headers = {"comment": w("pax comment", ANY)} if title == "pax" else None
        with tarfile.open(fileobj=out, mode="w", format=dialect, pax_headers=headers) as archive:

            def add(
                name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "", owner: str = ""
            ) -> None:
                info = tarfile.TarInfo(name)
                info.size, info.type, info.linkname, info.uname = len(content), kind, link, owner
                archive.addfile(info, io.BytesIO(content))

            add("a.txt", f"words {w('member')}".encode())
            add(f"{w('name of a member', ANY)}.txt", b"x")
            add(f"{w('name of a folder', ANY)}", kind=tarfile.DIRTYPE)
            add("link", kind=tarfile.SYMTYPE, link=w("target of a link", ANY))
            add("owned.txt", b"x", owner=w("name of the owner", ANY))
            if title != "ustar":
                add("x" * 120 + w("end of a long name", ANY) + ".txt", b"x")
        made.append(w.file(out.getvalue(), f"{title}.tar"))
    w = Words("tar", "behind the end")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"words"))
    made.append(w.file(out.getvalue() + f"words {w('behind the archive', HIDDEN)}".encode(), "more.tar"))

    w = Words("tar", "passed over by programs")
    label = _tar_block(w("name of a label", ANY), b"V", f"words {w('bytes of a label')}".encode())
    unknown = _tar_block("a.txt", b"Z", f"words {w('bytes of a kind that nobody knows')}".encode())
    named = _tar_block(f"b.txt\x00{w('behind a name', HIDDEN)}", b"0", b"x", f"c.txt\x00{w('behind a link', HIDDEN)}")
    folder = _tar_block("folder", b"5", f"words {w('bytes of a folder')}".encode())
    late = _tar_block("d.txt", b"0", f"words {w('behind an empty block')}".encode())
    made.append(w.file(label + unknown + named + folder + bytes(512) + late + bytes(1024), "odd.tar"))
    return made


def _tar_block(name: str, kind: bytes, content: bytes, link: str = "") -> bytes:
    """Return a member as before POSIX: nothing behind the name of the link."""
    head = bytearray(512)
    head[: len(name)] = name.encode()
    head[100:148] = b"0000644\x00" + b"0000000\x00" * 2 + b"%011o\x00" % len(content) + b"%011o\x00" % 0
    head[148:156] = b" " * 8
    head[156:157] = kind
    head[157 : 157 + len(link)] = link.encode()
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head) + content + bytes(-len(content) % 512)


def build_gz() -> list[Canary]:
    """Return gzip streams."""
    w = Words("gz", "stream")
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = f"words {w('content')}".encode()
    body = packed.compress(content) + packed.flush()
    tail = struct.pack("<II", zlib.crc32(content), len(content))
    header = b"\x1f\x8b\x08\x1c\x00\x00\x00\x00\x00\x03" + struct.pack("<H", 24) + b"XX" + struct.pack("<H", 20)
    header += w("extra field", ANY).encode().ljust(20, b" ")
    header += f"{w('name in the header', ANY)}.txt\x00{w('comment in the header', ANY)}\x00".encode()
    second = gzip.compress(f" and {w('second member')}".encode(), mtime=0)
    second = second[:3] + b"\x08" + second[4:10] + f"{w('name in the second header', ANY)}\x00".encode() + second[10:]
    first = Words("gz", "tar inside")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        inner = f"words {first('member')}".encode()
        info = tarfile.TarInfo("a.txt")
        info.size = len(inner)
        archive.addfile(info, io.BytesIO(inner))
    more = Words("gz", "behind the end")
    rest = gzip.compress(b"words", mtime=0) + f"words {more('behind the stream', HIDDEN)}".encode()
    return [
        w.file(header + body + tail + second, "a.txt.gz"),
        first.file(gzip.compress(out.getvalue(), mtime=0), "a.tgz"),
        more.file(rest, "b.txt.gz"),
    ]


def build_bz2() -> list[Canary]:
    """Return bzip2 streams."""
    w = Words("bz2", "stream")
    content = bz2.compress(f"words {w('content')}".encode()) + bz2.compress(f" and {w('second stream')}".encode())
    return [w.file(content, "a.txt.bz2")]


def build_xz() -> list[Canary]:
    """Return xz and lzma streams."""
    w = Words("xz", "stream")
    content = lzma.compress(f"words {w('content')}".encode()) + lzma.compress(f" and {w('second stream')}".encode())
    return [w.file(content, "a.txt.xz")]


def build_7z() -> list[Canary]:
    """Return 7z archives, solid and stored."""
    made: list[Canary] = []
    for title, filters in (("solid", None), ("stored", [{"id": py7zr.FILTER_COPY}])):
        w = Words("7z", title)
        out = io.BytesIO()
        with py7zr.SevenZipFile(out, "w", filters=filters) as archive:
            archive.writestr(f"words {w('first member')}", "a.txt")
            archive.writestr(f"words {w('second member')}", "b.txt")
            archive.writestr("x", f"{w('name of a member', ANY)}.txt")
            archive.writestr("", f"{w('name of an empty file', ANY)}.txt")
            archive.writestr(zip_of({"c.txt": w("nested").encode()}), "c.zip")
        made.append(w.file(out.getvalue() + f"words {w('behind the archive', HIDDEN)}".encode(), f"{title}.7z"))
    return made
