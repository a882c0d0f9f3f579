# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of rich text (RTF 1.9.1) that decide where text goes, as tables.  Pure."""

from safehold.model import PlaceKind, Visibility


def _words(text: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in text.split())


# Words and signs that are characters.
SIGNS = {b"~": "\u00a0", b"-": "\u00ad", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\t": "\t"}
CHARACTERS = {
    b"tab": "\t", b"line": "\n", b"lbr": "\n", b"softline": "\n", b"emdash": "\u2014", b"endash": "\u2013",
    b"emspace": " ", b"enspace": " ", b"qmspace": " ", b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"zwj": "\u200d", b"zwnj": "\u200c", b"cell": "\t",
    b"nestcell": "\t",
}  # fmt: skip
PARAGRAPH_ENDS = _words("par page sect row nestrow column softpage softcol")
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
# Groups of the program about itself: themes and the names of its own styles.  No words of people.
SILENT = _words(
    "colorschememapping latentstyles themedata blipuid panose fontemb passwordhash password rsidtbl do shpinst"
)
# The same, but small.  Text there is no more than a damaged file lets slip in, or somebody hides; so it is gathered.
QUIET = _words(
    "listtable listoverridetable xmlnstbl pnseclvl wgrffmtfilter bkmkend atnref atndate atntime atnparent atrfstart"
    " atrfend falt pn generator mmathPr mathPr objtime fchars lchars pgdsctbl pgptbl nonesttables leveltext"
    " levelnumbers"
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
