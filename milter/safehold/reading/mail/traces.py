# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that programs write, and what of them is somebody's words.  Pure, linear, never raises.

Every header is read.  Most are words and are handed over whole; those below are noise as long as they look like it,
because noise would be searched with every message and would match by chance (a time stamp of ten digits is an NHS
number one time in eleven).  A header that says two words which no mail program says is read after all, without its
blobs and long numbers, hidden.

=====================================  ==========================================================================
header                                 why it is noise
=====================================  ==========================================================================
Received, X-Received, Return-Path,     written by each server on the way: host names, addresses, queue ids, times
Delivered-To, Envelope-To
Message-Id, In-Reply-To, References,   made up by the sending program; what stands before the @ is looked at, with
Content-Id, Resent-Message-Id          its separators as spaces, for a person may choose it
Date, Resent-Date, Delivery-Date       a time
DKIM-Signature, DomainKey-Signature,   signatures, keys and hashes in base64; results that name domains and addresses
ARC-*, Authentication-Results,
Received-SPF, Autocrypt, Face, X-Face
X-MS-*, X-Microsoft-*, X-Google-*,     coded state of one provider's or one filter's own, kilobytes of it
X-Gm-*, X-Spam-* and their kin
List-*, Feedback-Id, Precedence        addresses and commands of a mailing list; a list's own title is words
X-Mailer, User-Agent, X-Originating-   a program's name and version, an address of a machine
IP, Thread-Index, Priority and kin
MIME-Version, Content-Type and kin     structure, read as such; comments in it are words, and so are parameters that
                                       nobody knows or that say two words which no mail program says
=====================================  ==========================================================================
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from safehold.reading.basics import headers
from safehold.reading.vocabulary import words

_NAMES = {"from "} | words(
    "received x-received return-path delivered-to date message-id in-reply-to references mime-version content-type"
    " content-transfer-encoding content-disposition content-id content-length content-language dkim-signature"
    " domainkey-signature authentication-results received-spf user-agent errors-to precedence auto-submitted priority"
    " importance sensitivity thread-index lines status disposition-notification-to return-receipt-to resent-date"
    " resent-message-id resent-sender autocrypt face x-face feedback-id envelope-to delivery-date x-originating-ip"
    " x-mailer x-priority x-msmail-priority x-mimeole x-status x-uidl x-uid"
    " x-original-to x-loop x-beenthere x-mailman-version"
)
_FAMILIES = (
    "arc-", "list-", "dkim-", "x-ms-", "x-microsoft-", "x-forefront-", "x-google-", "x-gm-", "x-spam-", "x-virus-",
    "x-antivirus", "x-barracuda-", "x-ironport-", "x-mimecast-", "x-proofpoint-", "x-mailgun-", "x-sg-", "x-ses-",
    "x-amz-", "x-exim", "x-mozilla-",
)  # fmt: skip
_FORM_OF_VALUE = re.compile(r"[a-z-]{0,40}(?:/[\w.+-]{1,100})?")
_FORMS = {
    "from ": re.compile(
        r"\S{1,250}(?:\s+\w{3}\s+\w{3}\s+\d{1,2}\s+[\d:]{4,8}(?:\s+[A-Z]{1,5}|\s+[+-]\d{4}){0,2}\s+\d{4}.*)?\Z"
    ),
    "mime-version": re.compile(r"\s*1\.0(?:\s*\([^()]{0,200}\))?\s*\Z"),
    "date": re.compile(r"[\s\w,]{0,20}\d{1,4}[\s-]{1,3}(?:[A-Za-z]{3}|\d{1,2})[\s-]{1,3}\d{1,4}"),
}
_IDS = words("message-id in-reply-to references content-id resent-message-id")
# What mail programs say of themselves and of their work.
_SAID = words(
    "from with ESMTP SMTP LMTP IMAP HTTP HTTPS QMQP UUCP MAPI TLS ESMTPS ESMTPA ESMTPSA LMTPA ASMTP SMTPSVC UTF8SMTP"
    " Postfix Exim Debian Ubuntu Linux Unix SunOS FreeBSD IRIX WinNT SuSE Cyrus CommuniGate InterMail PowerMTA Mercury"
    " MailEnable Zimbra localhost unknown network HELO EHLO RDNS ORCPT userid user users invoked uid alias pickup local"
    " Microsoft Outlook Express Exchange Office Windows Server Service Transport Frontend Client Mailbox Macintosh"
    " Internet Mail Mailer Message Messaging Agent Version version Build Release Edition Live Webmail WebMail Apple"
    " iPhone iPad Android Mozilla Thunderbird Evolution Ximian Gnus Emacs XEmacs Lucid KMail Sylpheed Pegasus Eudora"
    " SquirrelMail Mutt Pine Alpine EXMH Roundcube Horde Lotus Notes Domino Novell GroupWise Netscape Yahoo Gmail"
    " Mailman Majordomo Listserv ListManager list discussion Discussion mailing Mailing bulk Bulk junk Junk normal"
    " Normal high High urgent Urgent neutral Neutral pass Pass fail Fail softfail none None True False true false"
    " permitted permit deny denied domain Domain sender Sender recipient record best guess designates designate does"
    " neither authenticated Authenticated authentication verified unverified verify verification forged signed Signed"
    " signature Signature digest server client certificate requested present presented cipher Cipher bits using secs"
    " Processed Subject subject date Date Content inline attachment binary flowed port Port under socket service"
    " Anonymous Interface framework produced Inbound Outbound inbound outbound relay Relay gateway Gateway proxy"
    " forwarded envelope auto generated replied failure Standard Daylight Time Greenwich Mean British Summer"
    " Coordinated Universal Eastern Central Pacific Mountain Europe CEST EEST MEST"
    " delivery Delivery status Status report Report"
    " root Scanned Virus virus clean Clean Found SpamAssassin autolearn tests required score hits"
)
_KNOWN = _SAID | {word.lower() for word in _SAID}
_KNOWN_PARAMETERS = words(
    "charset boundary name filename format delsp type start start-info micalg protocol report-type method reply-type"
    " version creation-date modification-date read-date size handling smime-type access-type expiration permission id"
    " number total x-mac-type x-mac-creator x-unix-mode padding conversions profile component profile-level-id"
    " encoding x-attachment-id header-stamp protected-headers charset-edited x-apple-part-url hp-outer"
)
_MARKS = {ord(mark): " " for mark in ",;()<>\"[]'!?"}
_SEPARATORS = {ord(mark): " " for mark in ".-_+=/~%$#&*"}
_ID = re.compile(r"<[^<>]*>")
_BEFORE_AT = re.compile(r"([^\s<>@]{1,250})@")
# Blobs (letters and digits mixed, long) and long numbers: keys, hashes, ids, times.
_NOISE = re.compile(r"(?=[A-Za-z]*[0-9+/=_])[A-Za-z0-9+/=_-]{20,}|[0-9]{9,}")
_FEWEST_WORDS = 2
_SHORTEST_WORD = 4
_LONG_WORD = 6
_FILE_NAMES = frozenset(("name", "filename"))


def is_trace(name: str) -> bool:
    """Return whether programs write the header of that (lower-case) name."""
    return name in _NAMES or name.startswith(_FAMILIES)


def looks_like_it(name: str, value: str) -> bool:
    """Return whether a header that programs write has the form that they give it, where it has one."""
    form = _FORMS.get(name)
    return form is None or bool(form.match(value))


def read(traces: Iterable[tuple[str, str]]) -> str:
    """Return what of such headers, given by name and raw value, is somebody's words."""
    ids: list[str] = []
    others: list[str] = []
    for name, value in traces:
        if name in _IDS:
            ids.append(value)
            value = _ID.sub("", value)
        # A link to leave a list may have a subject and a body, which somebody chose.
        others.append(unquote(value) if name.startswith("list-") and "%" in value else value)
    found: list[str] = []
    whole = "\n".join(others)
    strange = _strange(whole)
    if strange or "=?" in whole or not whole.isascii():
        for value in others:
            if "=?" in value or not value.isascii():
                found.append(headers.decode_words(value))
            elif len([word for word in strange if word in value]) >= _FEWEST_WORDS:
                found.append(value)
    if ids:
        chosen = " ".join(_BEFORE_AT.findall(" ".join(ids))).translate(_SEPARATORS)
        if max(map(len, _strange(chosen)), default=0) >= _LONG_WORD:  # ids have short ones by chance
            found.append(chosen)
    return _NOISE.sub(" ", "\n\n".join(found)) if found else ""


def _strange(text: str) -> list[str]:
    """Return the words of a text that no mail program says, if there are enough of them to say something.

    Words are spelt as people spell them: ids and the names of machines are often of mixed case or in capitals.
    """
    unknown = set(text.translate(_MARKS).split()) - _KNOWN
    strange = [word for word in unknown if word.isalpha() and len(word) >= _SHORTEST_WORD and word[1:].islower()]
    return strange if len(strange) >= _FEWEST_WORDS else []


def unknown_parameters(fields: Iterable[headers.Parameters], *, with_names: bool = False) -> list[str]:
    """Return the values of the parameters of structured headers that no standard knows, and others that say something.

    Args:
        fields: The headers.
        with_names: Return file names too: nothing else reads those of a multipart.
    """
    odd = [headers.decode_words(found.value) for found in fields if not _FORM_OF_VALUE.fullmatch(found.value)]
    return odd + [
        headers.decode_words(value)
        for found in fields
        for name, values in found.all.items()
        for value in values
        if name not in _KNOWN_PARAMETERS or (with_names and name in _FILE_NAMES) or _says_something(name, value)
    ]


def _says_something(name: str, value: str) -> bool:
    return name not in _FILE_NAMES and bool(_strange(value.translate(_SEPARATORS)))
