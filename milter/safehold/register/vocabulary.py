# SPDX-License-Identifier: GPL-3.0-or-later
"""What the words of addresses are called: street types, flats, directions, numbers in words.  Data, and nothing else.

Sources: the abbreviations are those of everyday use, written down here; what may not count as a slip in a street type
comes from measured false hits (matching.md, 2.7).
"""

from typing import Final


def _set(words: str) -> frozenset[str]:
    """Return the set of the words."""
    return frozenset(words.split())


def _table(lines: str) -> dict[str, str]:
    """Return {spelling: first word of its line}."""
    return {word: line.split()[0] for line in lines.strip().splitlines() for word in line.split()}


# The first word of a line is the type, the others are its short forms.
STRONG_TYPES: Final = _table(
    """
    road rd
    street str strt
    lane ln
    avenue av ave aven
    close clo cl
    drive dr drv
    crescent cres cr crs cresc
    terrace terr ter tce
    gardens gdns gdn garden gds
    grove gro grv gr
    square sq
    mews mws
    boulevard blvd boul
    parade pde
    promenade prom
    wynd
    esplanade esp
    roadway
    highway hwy
    """
)
WEAK_TYPES: Final = _table(
    """
    way wy
    place pl
    court ct crt
    park pk
    hill hl
    green grn
    walk wlk wk
    rise
    row
    view vw
    end
    bank
    gate
    brow
    croft
    cross
    dale
    dene
    fold
    field fields flds fld
    garth
    glade
    glebe
    heath
    heights hts
    hollow
    island
    loan
    mead
    meadow meadows mdw mdws
    mount mt
    nook
    orchard
    oval
    paddock paddocks
    passage
    path
    piece
    pike
    point pt
    quay
    ride
    ridge
    side
    spinney
    strand
    vale
    villas
    wharf
    wood woods
    brae
    bridge
    buildings bldgs bldg
    causeway
    chase
    copse
    corner cnr
    approach app
    arcade
    alley
    estate est
    common
    circus circ
    yard yd
    lea
    drove
    cottages cotts
    link links
    landing
    leas
    reach
    gates
    """
)
TYPES: Final = WEAK_TYPES | STRONG_TYPES
# A short form that is a word of French and Spanish too: a type where it ends a name, and never inside one.
RARE_TYPES: Final = {"la": "lane"}
# One-letter slips of a type are looked for only in words this long; shorter ones slip into too many others.
LONG_TYPES: Final = tuple(sorted({name for name in TYPES.values() if len(name) >= 4}))
# Words that a slip in a type would make and that are words of their own.
NOT_TYPES: Final = _set(
    """
    line lines read load rode roar toad broad land late lake lame line lone cane lace hall hull hell bill fill mill will
    hall wall walk talk walks place plane plan pace lace race row close clone clothes cloud those chose lose closed
    court count counts coast drive driven drives driver five dive wave rise rose raise wise lark park part bark dark
    mark pack par view views new few green greek greet grew queen great hill till kill ill grove grave prove drove glove
    square squad gate date late rate gave gates dates side size site wide hide site sides end ends send and bend lend
    bank band back bang thank banks field filed fields yield wood word would good food woods point points print joint
    cross crops across bridge bride fridge chase case cease phase cheese common commons link line like think links
    path bath math paths pass past mass ride rice rude rids pride wharf what mount mound month amount piece peace price
    estate state estates stated alley valley allow ally yard year card hard ward yards corner former corners vale value
    sale tale male van heath health death heat heights height mead meal read head mean meat leas lease least lead leads
    reach each teach beach react lea ten tea led strand stand brand street streets strait
    """
)

DIRECTIONS: Final = frozenset({"north", "south", "east", "west", "upper", "lower"})
SPELLINGS: Final = _table(
    """
    st saint street str strt
    great gt grt
    little lt ltl
    mount mt
    upper upr
    lower lwr
    north nth nrth
    south sth
    east
    west wst
    saints ss
    """
)
FLAT_WORDS: Final = _set("flat flats fl apartment apt appt apartments unit room rm studio suite maisonette")
FLOOR_WORDS: Final = _set("ground first second third fourth top basement lower upper garden")
NUMBER_MARKERS: Final = frozenset({"no", "number", "num", "nr", "nos", "numbers"})
_ONES = """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty"""
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS: Final = {word: 10 * place for place, word in enumerate(_TENS.split(), 1)} | {
    word: place for place, word in enumerate(_ONES.split(), 1)
}
# "twentyseven", written as one word.
NUMBER_WORDS.update(
    (ten + one, NUMBER_WORDS[ten] + NUMBER_WORDS[one]) for ten in _TENS.split()[1:] for one in _ONES.split()[:9]
)
# How digits are read out, and how often the next one is meant.
DIGIT_WORDS: Final = {word: str(place) for place, word in enumerate(_ONES.split()[:9], 1)} | dict.fromkeys(
    ("zero", "oh", "o", "nought", "naught"), "0"
)
REPEATING: Final = {"double": 2, "treble": 3, "triple": 3}
