# SPDX-License-Identifier: GPL-3.0-or-later
"""Rich text: the RTF specification 1.9.1, group by group, and what a reader must not fall over."""

import zlib

from canaries.core import ANY, ATTRIBUTE, COMMENT, DELETED, HIDDEN, TINY, WHITE, Canary, Words, halves

FORMAT = "rtf"
QUOTE = '"'
HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial Cyr;}}"
    r"{\colortbl;\red255\green255\blue255;\red0\green0\blue0;}"
)


def _quoted(text: str) -> str:
    return "".join(f"\\'{ord(c):02x}" for c in text)


def _unicode(text: str) -> str:
    return "".join(f"\\u{ord(c)}?" for c in text)


def _shown(w: Words) -> str:
    split = halves(w("word split by formatting"))
    nested = halves(w("word split by a group"))
    wrapped = halves(w("word split by a line end"))
    return "".join((
        rf"\pard {w('paragraph')}\par {split[0]}\b {split[1]}\b0\par {nested[0]}{{\i {nested[1]}}}\par {wrapped[0]}" + "\r\n" + rf"{wrapped[1]}\par",
        rf" {_quoted(w('bytes in hexadecimal'))}\par {_unicode(w('Unicode characters'))}\par x\tab {w('after a tab')}\line {w('after a line break')}\par",
        rf"{{\uc0 {''.join(f'{chr(92)}u{ord(c)}' + ' ' for c in w('Unicode characters without substitutes'))}}}\par",
        rf"{{\f1 \'c4\'e0 {w('beside Cyrillic')}}}\par {{\*\upr{{x}}{{\*\ud {w('Unicode destination')}}}}}\par",
        rf"\trowd\cellx1000\cellx2000 {w('table cell')}\cell {w('second cell')}\cell\row {{\trowd {{\itap2 {w('nested cell')}\nestcell\nestrow}}}}\pard",
        rf"{{\header {w('header')}\par}}{{\footer {w('footer')}\par}}{{\headerl {w('header of left pages')}\par}}{{\headerf {w('header of the first page')}\par}}",
        rf"{{\footnote {w('footnote')}}}{{\footnote\ftnalt {w('endnote')}}}",
        rf"{{\field{{\*\fldinst HYPERLINK {QUOTE}https://a.example/{w('target of a link', ATTRIBUTE)}{QUOTE}}}"
        rf"{{\fldrslt {w('text of a link')}}}}}",
        rf"{{\shp{{\*\shpinst{{\sp{{\sn wzDescription}}{{\sv {w('alt text of a shape', ANY)}}}}}{{\sp{{\sn gtextUNICODE}}{{\sv {w('WordArt', ANY)}}}}}{{\shptxt {w('text box')}\par}}}}{{\shprslt {w('text box for old programs', ANY)}}}}}",
        rf"{{\listtext {w('number of a list', ANY)}}}{{\*\pn\pnlvlbody{{\pntxtb {w('text before a number', ANY)}}}}}{{\pntext {w('text of a number', ANY)}}}",
        rf"{{\*\bkmkstart {w('bookmark', ANY)}}}{{\*\bkmkend x}}{{\xe {w('index entry', ANY)}}}{{\tc {w('entry of contents', ANY)}}}",
        rf"{{\mmath{{\*\moMath{{\mr {w('formula', ANY)}}}}}}}{{\*\unknowndest {w('unknown destination', ANY)}}} \unknownword {w('after an unknown word')}\par",
        rf"\sect {w('second section')}\page {w('second page')}\column {w('second column')}\par \~{w('after a fixed blank')}\_\-\par",
    ))  # fmt: skip


def _hidden(w: Words) -> str:
    return "".join((
        rf"{{\v {w('hidden text', HIDDEN)}}}{{\webhidden {w('hidden on the web', HIDDEN)}}}\par {{\cf1 {w('white text', WHITE)}}}\par {{\fs2 {w('tiny text', TINY)}}}\par",
        rf"{{\cf2\highlight2 {w('black on black', HIDDEN)}}}\par {{\cf2\chcbpat2 {w('shaded in its own colour', HIDDEN)}}}\par {{\cf1\highlight2 {w('white on black')}}}\par",
        rf"{{\deleted\revauthdel1 {w('tracked deletion', DELETED)}}}{{\revised {w('tracked insertion')}}}\par {{\v\v0 {w('shown again')}}}\par",
        rf"{{\*\atnauthor {w('author of a comment', ANY)}}}{{\*\atnid {w('initials', ANY)}}}{{\*\annotation {w('comment', COMMENT)}}}",
        rf"{{\*\revtbl{{Unknown;}}{{{w('author of a change', ANY)};}}}}{{\*\userprops{{\propname {w('name of a property', ANY)}}}\proptype30{{\staticval {w('value of a property', ANY)}}}}}",
        rf"{{\*\docvar{{{w('name of a variable', ANY)}}}{{{w('value of a variable', ANY)}}}}}{{\*\formfield{{\*\ffname x}}{{\*\ffdeftext {w('default of a form field', ANY)}}}{{\*\ffhelptext {w('help of a form field', ANY)}}}{{\*\ffl {w('choice of a form field', ANY)}}}}}",
        rf"{{\*\xmlopen\xmlns1{{\xmlname {w('custom element', ANY)}}}}}{{\*\datafield {w('data of a field', ANY).encode().hex()}}}{{\*\template {w('template', ANY)}}}",
        rf"{{\*\mailmerge{{\mmconnectstr {w('connection of a mail merge', ANY)}}}{{\mmquery {w('query of a mail merge', ANY)}}}}}",
        rf"{{\*\aftnsep {w('separator of notes', ANY)}}}{{\*\background{{\shp{{\*\shpinst{{\sp{{\sn pibName}}{{\sv {w('name of a background', ANY)}}}}}}}}}}}",
    ))  # fmt: skip


def _styled(w: Words) -> str:
    level = (
        rf"{{\listlevel\levelnfc0\levelstartat27{{\leveltext\'0e{w('words of a number')} \'00.;}}{{\levelnumbers;}}}}"
    )
    unused = (
        rf"{{\listlevel\levelnfc23{{\leveltext\'0c{w('words of a number that nobody has', ANY)};}}{{\levelnumbers;}}}}"
    )
    return "".join((
        r"{\stylesheet{\s0 Normal;}{\s1\v One;}{\s2\sbasedon1 Two;}{\s3\cf1 Three;}{\*\cs4\fs2 Four;}}",
        rf"{{\*\listtable{{\list{level}{unused}\listid7}}}}{{\*\listoverridetable{{\listoverride\listid7\ls1}}}}",
        rf"\pard\s1 {w('hidden by its style', HIDDEN)}\par\pard\s2 {w('hidden by a style below its own', HIDDEN)}\par",
        rf"\pard\s3 {w('white by its style', WHITE)}\par\pard{{\cs4 {w('tiny by a style of characters', TINY)}}}\par",
        rf"\pard\s1\v0 {w('shown in spite of its style')}\par\pard\cbpat2\cf1 {w('white on a black paragraph')}\par",
        rf"\pard\plain\ls1 {w('numbered paragraph')}\par\pard\plain",
        rf"\trowd\clcbpat2\cellx1\pard\intbl\cf1 {w('white in a black cell')}\cell\row\pard\plain",
    ))  # fmt: skip


def _slipped(w: Words) -> str:
    """Return words in places of programs, where no word processor shows them."""
    return "".join((
        rf"{{\*\themedata {w('in a theme', ANY)}}}{{\*\latentstyles Normal;{w('in the list of styles of the program', ANY)};}}",
        rf"{{\*\password {w('in a password', ANY)}}}{{\*\listtable {w('in the table of lists', ANY)}}}",
        rf"{{\shp{{\*\shpinst {w('beside the properties of a shape', ANY)}{{\sp{{\sn fooBar}}{{\sv {w('unknown property of a shape', ANY)}}}}}}}}}",
        rf"{{\colortbl;{w('in a table of colours', ANY)};}}{{\pict\pngblip 8950 {w('among the digits of a picture', ANY)}}}",
        rf"a\bin14 {w('raw bytes', ANY)}  b\uc13\u160  {w('instead of a character', ANY)} \uc1 c\par",
    ))  # fmt: skip


def build() -> list[Canary]:
    """Return documents."""
    made: list[Canary] = []

    def file(title: str, make, name: str = "letter.rtf") -> None:
        w = Words(FORMAT, title)
        content = make(w)
        made.append(w.file(content if isinstance(content, bytes) else content.encode("cp1252"), name))

    file("shown", lambda w: HEAD + _shown(w) + "}")
    file("hidden", lambda w: HEAD + _hidden(w) + "}")
    file("styled", lambda w: HEAD + _styled(w) + "}")
    file("slipped", lambda w: HEAD + _slipped(w) + "}")
    file(
        "properties",
        lambda w: HEAD + r"{\info" + "".join(
            rf"{{\{word} {w('info ' + word, ANY)}}}" for word in ("title", "subject", "author", "manager", "company", "operator", "category", "keywords", "comment", "doccomm", "hlinkbase")
        ) + rf"}}{{\stylesheet{{\s1 {w('name of a style', ANY)};}}}}{{\*\generator {w('generator', ANY)};}}{{\fonttbl{{\f9 {w('name of a font', ANY)};}}}} x\par}}",
    )  # fmt: skip
    file(
        "embedded",
        lambda w: (
            HEAD
            + rf"{{\object\objemb{{\*\objclass {w('class of an object', ANY)}}}{{\*\objname {w('name of an object', ANY)}}}{{\*\objdata {_package(w).hex()}}}{{\result {w('result of an object')}}}}}"
            + rf"{{\pict\pngblip {_png(w).hex()}}}\par}}"
        ),
    )
    file(
        "binary run",
        lambda w: HEAD.encode() + rb"{\*\x\bin12 " + b"}{\\" * 4 + rf"}}{w('behind a binary run')}\par}}".encode(),
    )
    file("behind the end", lambda w: HEAD + rf"{w('text')}\par}}" + w("behind the document", HIDDEN))
    file("unclosed", lambda w: HEAD + rf"{w('before')}\par {{\b {w('in an unclosed group')}")
    file("too many closing braces", lambda w: HEAD + rf"{w('before')}\par }}}}}} {w('after', ANY)}\par")
    file("deep", lambda w: HEAD + "{" * 3_000 + w("three thousand groups down") + "}" * 3_000 + "}")
    file("no version", lambda w: r"{\rtf{\fonttbl}" + rf"{w('text')}\par}}")
    return made


def _package(w: Words) -> bytes:
    """Return the data of an OLE 1.0 package ([MS-OLEDS] 2.2): a file with its name."""

    def string(text: str) -> bytes:
        raw = text.encode() + b"\x00"
        return len(raw).to_bytes(4, "little") + raw

    content = f"words {w('embedded file')}".encode()
    native = (
        b"\x02\x00"
        + w("label of an embedded file", ANY).encode()
        + b"\x00"
        + f"C:\\{w('path of an embedded file', ANY)}.txt".encode()
        + b"\x00"
    )
    native += b"\x00\x00\x03\x00" + string("C:\\a.txt") + len(content).to_bytes(4, "little") + content
    return (
        b"\x01\x05\x00\x00\x02\x00\x00\x00" + string("Package") + bytes(8) + len(native).to_bytes(4, "little") + native
    )


def _png(w: Words) -> bytes:
    data = f"Comment\x00{w('text in an embedded picture', ANY)}".encode()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    pixels = zlib.compress(b"\x00\xff")
    head = b"\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"tEXt", data)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )
