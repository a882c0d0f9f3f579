# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenDocument texts, sheets and slides (ODT, ODS, ODP, their templates, flat XML), and OpenOffice 1 files.

One streaming pass over content and styles, which know one vocabulary: paragraphs of a text are handed over in
stretches, cells as :mod:`safehold.reading.basics.grid` has them, slides one by one; notes, comments, headers and
deletions by themselves.  Objects that lie in the same zip (``Object 1/content.xml``) are read with it.  A cell that
says that it stands 16,384 times is read once.

Source: OpenDocument 1.3 parts 2 (packages) and 3 (schema).
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.odf.odf_contexts import Context
from safehold.reading.odf.odf_story import Story
from safehold.reading.odf.odf_styles import Styles
from safehold.reading.odf.odf_words import setting_words
from safehold.reading.office import ooxml
from safehold.reading.office.ooxml import Package, local, says_something
from safehold.reading.vocabulary import Detail, MarkKind

_MANIFEST = "META-INF/manifest.xml"
_PARTS = r"(?:^|/)(?:styles|content)\.xml$"  # in this order: styles dress content
_OTHER_PLACES: tuple[tuple[re.Pattern[str], PlaceKind, Visibility], ...] = tuple(
    (re.compile(pattern), kind, visibility)
    for pattern, kind, visibility in (
        (r"(?:^|/)meta\.xml$", PlaceKind.METADATA, Visibility.VISIBLE),
        (r"", PlaceKind.METADATA, Visibility.HIDDEN),
    )
)

_SETTING = re.compile(
    r"(?:ooo:)?[a-z]+-settings|(?:[a-z]{2,5}:)?[A-Z][A-Za-z0-9]{1,60}|view\d+"
)  # as programs name them


def read(content: bytes, part: OpenPart) -> None:
    """Read a document in a zip, or one that is a single XML file."""
    if not content.startswith(b"PK"):
        _read_story(content, part, Styles(), Context(PlaceKind.PARAGRAPH, stretches=True))
        return
    package = Package(content, part)
    _report_encryption(package, part)
    names = package.names(_PARTS)
    stories: dict[str, Styles] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name.rpartition("/")[0], "content" in name.lower())):
        folder = name.rpartition("/")[0]
        styles = stories.setdefault(folder, Styles())
        taken = package.take(name)
        if taken is None:
            continue
        if folder:
            part.mark(MarkKind.EMBEDDED)
        is_content = name.lower().endswith("content.xml")
        context = Context(PlaceKind.PARAGRAPH, stretches=True) if is_content else Context(PlaceKind.PAGE_HEADER)
        _read_story(taken, part, styles, context)
    if package.names(r"^versions/."):
        part.mark(MarkKind.OLD_REVISION)
    package.sweep(lambda name, xml: _read_other(name, xml, package))


def _read_story(content: bytes, part: OpenPart, styles: Styles, outermost: Context) -> None:
    story = Story(part, styles, outermost)
    wrong = ooxml.parse(content, story, story.aside)
    story.finish()
    if wrong is not Detail.NONE:
        part.problem(Reason.CORRUPT, wrong)


def _read_other(name: str, content: bytes, package: Package) -> None:
    lower = name.lower()
    if lower.endswith("settings.xml"):
        _read_settings(name, content, package)
        return
    kind, visibility = next((kind, seen) for pattern, kind, seen in _OTHER_PLACES if pattern.search(lower))
    ooxml.read_loose(content, package, name, kind, visibility=visibility)


def _read_settings(name: str, content: bytes, package: Package) -> None:
    """Read the settings of the program: names of printers and data sources stand among the numbers."""
    settings = _Settings()
    package.report(ooxml.parse(content, settings, settings.aside), name)
    lines = (line for line in settings.text().split("\n") if says_something("", line) and line not in ("true", "false"))
    package.part.segment(PlaceKind.METADATA, "\n".join((*lines, *settings.packed)), visibility=Visibility.HIDDEN)
    package.part.segment(PlaceKind.METADATA, settings.said(), visibility=Visibility.ATTRIBUTE)


class _Settings(ooxml.Loose):
    """Settings; *packed* are the loose words of those that are binary."""

    def __init__(self) -> None:
        super().__init__(
            lambda _, name, value: not (name == "name" and _SETTING.fullmatch(value)) and says_something(name, value)
        )
        self.packed: list[str] = []
        self._is_binary = False
        self._encoded: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        self._is_binary = "base64Binary" in attributes.values()

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if self._is_binary:
            self.packed.append(setting_words("".join(self._encoded)))
            self._encoded.clear()
            self._is_binary = False
        super().end(tag)

    def data(self, text: str) -> None:
        """Take character data."""
        if self._is_binary:
            self._encoded.append(text)
        else:
            super().data(text)


def _report_encryption(package: Package, part: OpenPart) -> None:
    """Report what the manifest says is encrypted; such members are looked at only if they are not."""
    manifest = _Manifest()
    package.parse(_MANIFEST, manifest)
    encrypted = [name for name in manifest.encrypted if package.has(name)]
    encrypted += package.names(r"(?:^|/)encrypted-package$")
    plain = [name for name in encrypted if package.is_plain(name)]
    if plain:  # some programs ask for a password, others show it
        part.problem(Reason.AMBIGUOUS, Detail.NOT_ENCRYPTED)
    for name in encrypted:
        if name not in plain:
            package.leave_out(name)
    if len(encrypted) > len(plain):
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD)


class _Manifest:
    """The list of members, and which of them are encrypted."""

    def __init__(self) -> None:
        self.encrypted: list[str] = []
        self._name = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = local(tag)
        if name == "file-entry":
            self._name = next((value for key, value in attributes.items() if local(key) == "full-path"), "")
        elif name == "encryption-data":
            self.encrypted.append(self._name)

    def end(self, tag: str) -> None:
        """Take an end tag."""

    def data(self, text: str) -> None:
        """Take character data."""
