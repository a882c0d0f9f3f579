# SPDX-License-Identifier: GPL-3.0-or-later
"""The leak check: whether a finished notice says anything of the message it is about (rule R1, DESIGN P4).

It knows nothing of how the notice was made.  It decodes the mail again, folds case and spaces, and looks in every
header and part for what the hold seals: matched texts, words of the subject, file names, recipient addresses and
their local parts.  What the notice's own files and the settings say is no leak: a subject "Email on hold" must not
silence the notice about it.  A policy author's words (texts, titles, ids) are no leak either, but for what was found of
a protected person and for whole addresses: those he cannot make harmless by writing them down.  What it returns names
kinds and never values.  Pure.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from safehold.model import HeldContent, HeldMessage
from safehold.notices import original
from safehold.notices.authored import static_text
from safehold.notices.compose import NoticeSettings
from safehold.notices.evidence import authored, delivered, file_names, parse, protected_texts, register_values
from safehold.notices.wording import wording

# R1 speaks of subject words of more than 3 letters; shorter ones, and numbers this short, are in every sentence.
LETTERS = 4
DIGITS = 5
# A text this long, with its spaces taken out, is looked for across word ends too ("L S 1 4 A B").
SQUEEZED = 6

_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\d+|[^\d]+")
_SERIAL = re.compile(r"\.\d+@")  # the outbox row's number, which a number in a subject may equal
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class _Text:
    """Texts made ready to be searched: folded words, with one space between, and with none."""

    words: frozenset[str]
    spaced: str
    squeezed: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> "_Text":
        runs = [_words(text) for text in texts]
        spaced = " \x00 ".join(" ".join(run) for run in runs)
        return cls(frozenset(word for run in runs for word in run), f" {spaced} ", spaced.replace(" ", ""))


def leaks(
    notice: bytes,
    content: HeldContent,
    *,
    settings: NoticeSettings | None = None,
    held: HeldMessage | None = None,
    to: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return what *notice* tells of *content*: one kind (``protected subject filename recipient``) a text found.

    Args:
        notice: The finished mail.
        content: What the hold seals.
        settings: Whose texts (organisation, phone) are ours and no leak; the titles of its policies are their author's.
        held: Likewise its id; what its notices call the check is the author's.
        to: The addressees of this notice; their own address in To tells them nothing.
    """
    said = _Text.of(_decoded(notice, frozenset(address.casefold() for address in to)))
    own = tuple(_our_texts(settings, held))
    ours, lent = _Text.of(own), _Text.of((*own, *_authored_texts(settings, held, content)))
    strict = frozenset(_never_lent(content))
    found = ((kind, secret, ours if secret in strict else lent) for kind, secret in sorted(set(_secrets(content))))
    return tuple(kind for kind, secret, harmless in found if _is_said(secret, said, harmless))


def _our_texts(settings: NoticeSettings | None, held: HeldMessage | None) -> Iterator[str]:
    yield wording(settings.language if settings else "en").static_text
    yield _ENVELOPE
    if settings is not None:
        yield from settings.texts()
        yield from (settings.timezone, settings.language)
    if held is not None:
        yield from (held.id, held.linked_to)


def _authored_texts(settings: NoticeSettings | None, held: HeldMessage | None, content: HeldContent) -> Iterator[str]:
    if held is not None:
        yield from (held.notice_title, *held.policies)
        if settings is not None:
            yield from (settings.titles.get(policy, "") for policy in held.policies)
    evidence = parse(content.evidence)
    yield from (static_text(authored(evidence, whose)) for whose in ("sender", "reviewers"))


# Words of the mail format itself: header names and values, media types, tags and styles.
_ENVELOPE = """
    From To Reply-To Subject Date Auto-Submitted auto-replied auto-generated X-Auto-Response-Suppress All
    Content-Language Message-ID In-Reply-To References MIME-Version Content-Type
    Content-Transfer-Encoding multipart alternative boundary
    text plain html charset utf-8 7bit quoted-printable base64 undisclosed-recipients DOCTYPE lang head meta title body
    style font-family sans-serif font-size line-height max-width strong href https held task released refused cancelled
    expired unheard alert Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
"""


def _secrets(content: HeldContent) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield everything a notice must not say, as folded words."""
    for text in protected_texts(content.evidence):
        yield from _whole_and_words("protected", text)
    for subject in original.subjects(original.scan(content.content)):
        yield from (("subject", (word,)) for word in _telling(_words(subject)))
    for name in file_names(content.evidence):
        yield from _whole_and_words("filename", name)
    for address in _addresses(content):
        local, _, domain = address.rpartition("@")
        yield "recipient", tuple(_words(address))
        yield "recipient", tuple(_words(local or domain))


def _never_lent(content: HeldContent) -> Iterator[tuple[str, ...]]:
    """Yield the secrets that stay secrets where an author's text has the same words."""
    for value in register_values(content.evidence):
        yield from (secret for _, secret in _whole_and_words("", value))
    yield from (tuple(_words(address)) for address in _addresses(content))


def _addresses(content: HeldContent) -> Iterator[str]:
    yield from (each.address for each in (*content.envelope.recipients, *content.held))
    yield from delivered(content.evidence)


def _whole_and_words(kind: str, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    words = _words(text)
    yield kind, tuple(words)
    yield from ((kind, (word,)) for word in _telling(words))


def _telling(words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if _tells(word))


def _tells(word: str) -> bool:
    letters = sum(c.isalpha() for c in word)
    return letters >= LETTERS or (not letters and len(word) >= DIGITS)


def _is_said(secret: tuple[str, ...], said: _Text, ours: _Text) -> bool:
    if all(_is_ours(run, ours) for word in secret for run in _RUN.findall(word)):
        return False
    spaced, squeezed = f" {' '.join(secret)} ", "".join(secret)
    if spaced in said.spaced and spaced not in ours.spaced:
        return True
    return len(squeezed) >= SQUEEZED and squeezed in said.squeezed and squeezed not in ours.squeezed


def _is_ours(run: str, ours: _Text) -> bool:
    """Return whether a run of letters is a word of our own, or a run of digits too short to tell ("page 4")."""
    return run in ours.words or (run.isdigit() and len(run) < DIGITS)


def _words(text: str) -> list[str]:
    """Return the words of *text* folded: compatibility forms, accents and case made one, format characters dropped."""
    plain = unicodedata.normalize("NFKD", "".join(c for c in text if unicodedata.category(c) != "Cf"))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return _WORD.findall(kept.casefold())


def _decoded(notice: bytes, to: frozenset[str]) -> Iterator[str]:
    """Yield every header and part of *notice* as people and as machines would read it."""
    mail = message_from_bytes(notice, policy=SMTP)
    for part in mail.walk():
        yield from _header_texts(part, to)
        yield from (text for text in (part.preamble, part.epilogue) if isinstance(text, str))
        if not part.is_multipart():
            yield from _part_texts(part)


def _header_texts(part: EmailMessage, to: frozenset[str]) -> Iterator[str]:
    for name, value in part.items():
        yield name
        if name.casefold() == "to":
            yield from (a for a in (str(a.addr_spec) for a in value.addresses) if a.casefold() not in to)
        elif name.casefold() == "message-id":
            yield _SERIAL.sub("@", str(value))
        else:
            yield str(value)


def _part_texts(part: EmailMessage) -> Iterator[str]:
    payload = part.get_payload(decode=True)
    raw = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    yield raw
    if part.get_content_type() == "text/html":
        yield html.unescape(_TAG.sub("", raw))  # a tag in the middle of a word does not hide it
        yield html.unescape(raw)
