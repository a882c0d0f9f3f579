# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of rich text (RTF 1.9.1) that decide where text goes, as tables.  Pure."""

from safehold.model import PlaceKind, Visibility


def _words(text: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in text.split())


# Words and signs that are characters.
SIGNS = {b"~": "\u00a0", b"-": "\u00ad", b"_": "\u2011", b"\\": "\\", b"{": "{", b"}": "}", b"\t": "\t"}
CHARACTERS = {
    b"tab": "\t", b"line": "\n", b"lbr": "\n", b"softline": "\n", b"emdash": "\u2014", b"endash": "\u2013",
    b"emspace": " ", b"enspace": " ", b"qmspace": " ", b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"zwj": "\u200d", b"zwnj": "\u200c",
}  # fmt: skip
PARAGRAPH_ENDS = _words("par page sect nestrow column softpage softcol")
CHARACTER_SETS = {b"mac": 10000, b"pc": 437, b"pca": 850, b"ansi": 1252}

# Groups that hold a running text of their own, and what it is.
STORIES: dict[bytes, tuple[PlaceKind, Visibility]] = {
    **dict.fromkeys(
        _words("header headerl headerr headerf footer footerl footerr footerf"),
        (PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    ),
    b"footnote": (PlaceKind.NOTE, Visibility.VISIBLE),
    b"annotation": (PlaceKind.COMMENT, Visibility.COMMENT),
    b"shptxt": (PlaceKind.TEXT, Visibility.VISIBLE),
    b"dptxbxtext": (PlaceKind.TEXT, Visibility.VISIBLE),
}
# Groups whose text is gathered and said apart, and how it is seen.
GATHERED: dict[bytes, Visibility] = {
    **dict.fromkeys(
        _words(
            "fldinst bkmkstart xe tc tcn rxe txe datafield ffname ffdeftext ffformat ffhelptext ffstattext ffl"
            " ffentrymcr ffexitmcr objname objclass sn sv filetbl template objalias objsect"
        ),
        Visibility.ATTRIBUTE,
    ),
    **dict.fromkeys(_words("info userprops docvar revtbl"), Visibility.VISIBLE),
    **dict.fromkeys(_words("atnauthor atnid"), Visibility.COMMENT),
    **dict.fromkeys(_words("stylesheet ftnsep ftnsepc aftnsep aftnsepc"), Visibility.HIDDEN),
}
# Of those, the ones in which every group inside is a text of its own.
SPLITTING = _words("info userprops docvar revtbl filetbl stylesheet")
# Groups of the program about itself: themes, tables, the names of its own styles.  Words of people there are no more
# than a damaged file lets slip in, or somebody hides; so what is in them is gathered, and looked through.
QUIET = _words(
    "colorschememapping latentstyles themedata blipuid panose fontemb passwordhash password rsidtbl do shpinst"
    " xmlnstbl pnseclvl wgrffmtfilter bkmkend atnref atndate atntime atnparent atrfstart"
    " atrfend falt pn generator mmathPr mathPr objtime fchars lchars pgdsctbl pgptbl nonesttables levelnumbers"
)
# Starred groups that are read as if they were not there.
TRANSPARENT = _words("shppict nonshppict mmath nesttableprops picprop ud")

PICTURES = {
    b"pngblip": "png", b"jpegblip": "jpg", b"emfblip": "emf", b"wmetafile": "wmf", b"dibitmap": "dib",
    b"wbitmap": "bitmap", b"macpict": "pict", b"pmmetafile": "os2",
}  # fmt: skip
# Names of drawing properties that are somebody's words.
SHOWN_PROPERTIES = frozenset(
    ("wzdescription", "wzname", "gtextunicode", "wztooltip", "pibname", "fillblipname", "wzscript", "pihlshape")
)
# A word of twelve letters and more that begins in none of these ways is in no specification: somebody's text behind a
# backslash, which editors of plain text show and word processors pass over.
_LONGEST_WORD = 11
_LONG_WORDS = tuple(
    b"abino allow annot apply asian autofmt bookfold brdr cache cback cfollow cmain colorscheme context dobx"
    b" dobym donot dpfill force generator grfdoc html ignore ilfo indr latent level list lsd lvl lyt nesttable"
    b" new no outline pgbrdr read rempersonal saftn save sect show shp snap style sub tbl toplinepunct track"
    b" truncate tsc tscell use validate wgrff window wpprhead write xml".split()
)


def is_strange(word: bytes) -> bool:
    """Return whether a word is none of the format."""
    return len(word) > _LONGEST_WORD and not word.startswith(_LONG_WORDS)
