# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings that other projects' own tests demand of their files, taken from checkouts of those projects.

Nothing of theirs is kept here: this reads their test data where somebody has it.  A checkout may be a working tree or
a bare repository.

    stalwart   stalwartlabs/mail-parser: resources/eml/**/*.json is what its parser must make of the .eml beside it
    mime4j     apache/james-mime4j: *_decoded_*.txt are the decoded bodies of the .msg beside them
    tika       apache/tika: strings in assertContains() of a test method that names one file only

What Tika's tests ask of Tika and not of the file is left out by what the code says, never by the name of a file:

    comments                           are no tests
    methods with mocks, classes inside ask for what those answer
    warnings, exceptions, the parser   are looked for in metadata that Tika makes
    content types                      likewise
    options that arrange the text      (sort by position, drop what overlaps) ask for an order, not for words
    ``<li>name: value</li>``           is how Tika writes a field of a form: both are asked for, one by one

A method that has recognition of pictures done (``OcrConfig.Strategy``, Tesseract's own tests) asks with recognition;
its strings are a demand of their own.
"""

import html
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TAG = re.compile(r"<[^<>]{0,2000}>")
_SCRIPT = re.compile(r"<(script|style|title)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<(?:html|p|br|h\d|b|i)\b", re.IGNORECASE)
_METHOD = re.compile(r"@Test\b")
_LITERAL_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_CONTAINS = re.compile(r'\bassertContains\(\s*"((?:[^"\\\n]|\\.)*)"\s*,([^;]*);')
_MADE_BY_TIKA = re.compile(r"EXCEPTION|WARNING|exception|getMessage|CONTENT_TYPE|PARSED_BY|parsedBy")
_ARRANGED = re.compile(r"\bset(?:SortByPosition|Suppress\w+|Ignore\w+|EnableAutoSpace)\(")
_RECOGNISED = re.compile(r"OcrConfig\.Strategy\.(?:OCR|AUTO)")
_MOCKED = re.compile(r"[Mm]ock|@Override")
_FORM_FIELD = re.compile(r"<li\b[^<>]*>([^<>:]+):\s+([^<>]+)</li>")
_FILE = re.compile(r'"(?:/?test-documents/)?([\w.\- ]+\.(?:\w{1,5}))"')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_FORMATS = """
    pdf docx docm xlsx xlsm pptx odt ods odp rtf csv tsv ics vcf zip tar gz tgz bz2 xz 7z doc xls ppt msg dat eml
    html htm txt jpg jpeg png tif tiff
""".split()  # noqa: SIM905 - read as text, so written as text
_STRUCTURE = re.compile(r"--|content-[a-z-]+\s*:", re.IGNORECASE)
_LONGEST, _SHORTEST, _MOST_LINES = 200, 4, 40


@dataclass(frozen=True, slots=True)
class Demand:
    """One file and the strings that somebody's tests want to see in what is read of it.

    ``recognised``: they are asked for with recognition of pictures.
    """

    project: str
    file: str
    content: bytes = field(repr=False)
    strings: tuple[str, ...] = field(repr=False)
    recognised: bool = False


class Checkout:
    """The files of a repository at its head."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        listed = self._git("ls-tree", "-r", "--name-only", "-z", "HEAD")
        self.names = [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]

    def _git(self, *arguments: str) -> bytes:
        run = subprocess.run(["git", "-C", str(self._folder), *arguments], capture_output=True, check=False)
        return run.stdout

    def read(self, name: str) -> bytes:
        """Return a file; empty where the repository is stored without it."""
        return self._git("show", f"HEAD:{name}")


def folded(text: str) -> str:
    """Return a text as it is compared: no blanks, no soft hyphens, one case, one kind of quotation marks."""
    for there, here in (
        ("\u00ad", ""),
        ("\u2019", "'"),
        ("\u2018", "'"),
        ("\u201c", '"'),
        ("\u201d", '"'),
        ("\u00a0", ""),
    ):
        text = text.replace(there, here)
    return "".join(text.split()).casefold()


def _lines(text: str) -> Iterator[str]:
    """Yield what can be asked for of a body: its lines, as long as they say something."""
    for line in text.splitlines()[:_MOST_LINES]:
        line = line.strip("> \t\r")
        broken = "\ufffd" in line or _STRUCTURE.match(line) or "\0" in line
        if len(line) >= _SHORTEST and any(map(str.isalnum, line)) and not broken:
            yield line[:_LONGEST]


def _visible(page: str) -> str:
    return html.unescape(_TAG.sub("\n", _SCRIPT.sub(" ", page)))


def stalwart(folder: Path) -> Iterator[Demand]:
    """Yield messages with the bodies, subjects and names of attachments that stalwart's parser must find."""
    checkout = Checkout(folder)
    for name in checkout.names:
        if not name.endswith(".eml") or f"{name[:-4]}.json" not in checkout.names:
            continue
        try:
            expected = json.loads(checkout.read(f"{name[:-4]}.json"))
        except ValueError:
            continue
        strings = tuple(dict.fromkeys(_of_message(expected)))
        if strings:
            yield Demand("stalwart", name, checkout.read(name), strings)


def _of_message(message: dict[str, Any]) -> Iterator[str]:
    for part in message.get("parts", ()):
        for header in part.get("headers", ()):
            value = header.get("value")
            if header.get("name") == "subject" and isinstance(value, dict) and isinstance(value.get("Text"), str):
                yield from _lines(value["Text"])
            if header.get("name") in ("content_type", "content_disposition") and isinstance(value, dict):
                for attribute in (value.get("ContentType") or {}).get("attributes") or ():
                    if attribute.get("name") in ("name", "filename") and attribute.get("value"):
                        yield from _lines(attribute["value"])
        body = part.get("body") or {}
        if isinstance(body.get("Text"), str):
            yield from _lines(body["Text"])
        elif isinstance(body.get("Html"), str):
            yield from _lines(_visible(body["Html"]))
        elif isinstance(body.get("Message"), dict):
            yield from _of_message(body["Message"])


def mime4j(folder: Path) -> Iterator[Demand]:
    """Yield messages with the lines of the bodies that mime4j decodes."""
    checkout = Checkout(folder)
    for name in checkout.names:
        if not name.endswith(".msg"):
            continue
        stem = f"{name[:-4]}_decoded_"
        strings: dict[str, None] = {}
        for body in (other for other in checkout.names if other.startswith(stem) and other.endswith(".txt")):
            raw = checkout.read(body)
            text = raw.decode("utf-8") if _is_utf_8(raw) else raw.decode("cp1252", "replace")
            strings.update(dict.fromkeys(_lines(_visible(text) if _MARKUP.search(text) else text)))
        if strings:
            yield Demand("mime4j", name, checkout.read(name), tuple(strings))


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def tika(folder: Path) -> Iterator[Demand]:
    """Yield documents with the strings that Tika's tests must find in them."""
    checkout = Checkout(folder)
    documents = {name.rpartition("/")[2]: name for name in checkout.names if "test-documents/" in name}
    wanted: dict[tuple[str, bool], dict[str, None]] = {}
    for name in checkout.names:
        if not name.endswith("Test.java") or "/parser" not in name:
            continue
        code = without_comments(checkout.read(name).decode("utf-8", "replace"))
        for method in _METHOD.split(code)[1:]:
            method = method.partition("\n    }\n")[0]
            files = {found for found in _FILE.findall(method) if found in documents}
            file = next(iter(files), "")
            # Formats of the issue only.
            if len(files) != 1 or file.rpartition(".")[2].lower() not in _FORMATS or _MOCKED.search(method):
                continue
            recognised = "TesseractOCR" in name or "ocr" in file.lower() or _RECOGNISED.search(method) is not None
            wanted.setdefault((file, recognised), {}).update(dict.fromkeys(asked_in(method)))
    for (file, recognised), strings in sorted(wanted.items()):
        content = checkout.read(documents[file]) if strings else b""
        if content:
            yield Demand("tika", file, content, tuple(strings), recognised)


def without_comments(code: str) -> str:
    """Return Java code without its comments."""
    return _LITERAL_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", code)


def asked_in(method: str) -> Iterator[str]:
    """Yield what a test method of Tika asks of the file it names."""
    arranged = _ARRANGED.search(method)
    for found in _CONTAINS.finditer(method, 0, arranged.start() if arranged else len(method)):
        if _MADE_BY_TIKA.search(found[2]):
            continue
        literal = _ESCAPE.sub(_unescaped, found[1])
        field_of_form = _FORM_FIELD.search(literal)
        for text in field_of_form.groups() if field_of_form else (literal,):
            string = _string(text)
            if string:
                yield string


def _string(literal: str) -> str:
    """Return what a literal asks for, without markup; "" where it is about Tika and not about the file."""
    text = literal.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = html.unescape(_TAG.sub(" ", text)).strip()
    about_tika = "org.apache." in text or "Exception" in text or set("<>=\0") & set(text)
    return "" if about_tika or len(text) < _SHORTEST else text


def _unescaped(found: re.Match[str]) -> str:
    if found[1][0] == "u":
        return chr(int(found[1][1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1])
