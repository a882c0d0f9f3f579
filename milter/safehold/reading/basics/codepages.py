# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows code pages by number: how old formats say what their 8-bit text means.

Pure.  Sources: Windows code page identifiers; [MS-WMF] 2.1.1.5 (character sets of fonts, which RTF uses too).
"""

import codecs
from functools import lru_cache

# Code pages that Python calls otherwise, or whose wider relative is what is meant (see charset.py).
_NAMES = {
    936: "gb18030", 1200: "utf-16-le", 1201: "utf-16-be", 10000: "mac_roman", 10001: "shift_jis", 10003: "euc_kr",
    10004: "mac_arabic", 10006: "mac_greek", 10007: "mac_cyrillic", 10029: "mac_latin2", 10079: "mac_iceland",
    10081: "mac_turkish", 20127: "cp1252", 20866: "koi8_r", 20932: "euc_jp", 20936: "gb18030", 21866: "koi8_u",
    28591: "cp1252", 28592: "iso8859_2", 28593: "iso8859_3", 28594: "iso8859_4", 28595: "iso8859_5",
    28596: "iso8859_6", 28597: "iso8859_7", 28598: "iso8859_8", 28599: "iso8859_9", 28603: "iso8859_13",
    28605: "iso8859_15", 38598: "iso8859_8", 50220: "iso2022_jp", 50221: "iso2022_jp", 50222: "iso2022_jp",
    50225: "iso2022_kr", 51932: "euc_jp", 51936: "gb18030", 51949: "euc_kr", 52936: "hz", 54936: "gb18030",
    65000: "utf-7", 65001: "utf-8",
}  # fmt: skip

# The character set of a font, and its code page.
CHARACTER_SETS = {
    0: 1252, 77: 10000, 78: 10001, 79: 10003, 80: 936, 81: 950, 83: 10005, 84: 10004, 85: 10006, 86: 10081,
    87: 10021, 88: 10029, 89: 10007, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254,
    163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip

# The code page of a language (the lower ten bits of its number are the primary language), where it is not 1252.
_LANGUAGES = {
    0x01: 1256, 0x02: 1251, 0x05: 1250, 0x08: 1253, 0x0D: 1255, 0x0E: 1250, 0x11: 932, 0x12: 949, 0x15: 1250,
    0x18: 1250, 0x19: 1251, 0x1A: 1250, 0x1B: 1250, 0x1C: 1250, 0x1E: 874, 0x1F: 1254, 0x20: 1256, 0x22: 1251,
    0x23: 1251, 0x24: 1250, 0x25: 1257, 0x26: 1257, 0x27: 1257, 0x29: 1256, 0x2A: 1258, 0x2F: 1251,
}  # fmt: skip
_CHINESE, _SIMPLIFIED = 0x04, (0x0804, 0x1004)


@lru_cache(maxsize=256)
def codec(number: int) -> str:
    """Return the name of Python's codec for a code page; that of windows-1252 where there is none."""
    name = _NAMES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except (LookupError, OSError):  # behind the walls Python cannot even look for a file
        return "cp1252"
    return name


def of_language(language: int) -> int:
    """Return the code page that Windows used for texts in a language (LCID)."""
    if language & 0x3FF == _CHINESE:
        return 936 if language in _SIMPLIFIED else 950
    return _LANGUAGES.get(language & 0x3FF, 1252)
