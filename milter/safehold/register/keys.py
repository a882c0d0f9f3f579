# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: the one form in which two spellings of the same mailbox, phone number or identifier are equal.

Pure.  The search of a text (detect) and the register make their keys here, so that they meet.
"""

from collections.abc import Iterator

from safehold.register import postcodes
from safehold.register.names import name_words
from safehold.register.people import Kind, Value
from safehold.text import folded

PHONE_DIGITS = 10  # what is left of a British number without its 0, +44 or 0044
_NINO_KEY = 8  # the suffix letter may be missing
# Google reads mail to both domains into one mailbox, and takes no notice of dots in the local part.
_GOOGLE = frozenset({"gmail.com", "googlemail.com"})


def exact_mailbox(address: str) -> str:
    """Return an address in lower case and nothing more: for relations that excuse."""
    return address.strip().lower()


def mailbox(address: str) -> str:
    """Return the mailbox behind an address, for relations that lead to a hold: tag dropped, look-alikes folded."""
    local, _, host = address.strip().rpartition("@")
    local, host = folded(local).strip('"'), domain(host)
    tagless = local.partition("+")[0] or local
    if host in _GOOGLE:
        return f"{tagless.replace('.', '')}@gmail.com"
    return f"{tagless}@{host}"


def domain(host: str) -> str:
    """Return a domain in lower case, decoded from its ASCII form, without a final dot."""
    plain = host.strip().rstrip(".").lower()
    if "xn--" in plain:
        try:
            plain = plain.encode("ascii").decode("idna")
        except UnicodeError:
            return plain
    return folded(plain)


def parents(host: str) -> Iterator[str]:
    """Yield the domain and every domain above it, spelt exactly: for relations that excuse."""
    plain = host.strip().rstrip(".").lower()
    while plain:
        yield plain
        plain = plain.partition(".")[2]


def digits(text: str) -> str:
    """Return the digits of *text*."""
    return "".join(character for character in folded(text) if "0" <= character <= "9")


def phone(text: str) -> str:
    """Return the last ten digits of a number: its national part, whatever the prefix."""
    return digits(text)[-PHONE_DIGITS:]


def code(text: str) -> str:
    """Return letters and digits alone, folded."""
    return "".join(filter(str.isalnum, folded(text)))


def nino(text: str) -> str:
    """Return a National Insurance number without its suffix."""
    return code(text)[:_NINO_KEY]


def uprn(text: str) -> str:
    """Return a UPRN without leading zeros."""
    return digits(text).lstrip("0")


def keys_of(value: Value) -> Iterator[str]:
    """Yield the keys under which a whole unique value is found; none for values that are found otherwise."""
    match value.kind:
        case Kind.PHONE:
            yield phone(value.value)
        case Kind.EMAIL:
            yield mailbox(value.value)
        case Kind.NHS_NUMBER | Kind.CHI:
            yield digits(value.value)
        case Kind.NINO:
            yield nino(value.value)
        case Kind.UPRN:
            yield uprn(value.value)
        case Kind.VEHICLE | Kind.CASE_REFERENCE:
            yield code(value.value)
        case Kind.POSTCODE:
            yield postcodes.postcode_key(folded(value.value))
        case Kind.ALIAS:
            if value.secret:
                yield from _orders(name_words(value.value))
        case Kind.ADDRESS | Kind.NAME | Kind.SCHOOL:
            return


def _orders(parts: list[str]) -> Iterator[str]:
    """Yield a name as it is written, and with its last word first."""
    yield "".join(parts)
    if len(parts) > 1:
        yield parts[-1] + "".join(parts[:-1])
