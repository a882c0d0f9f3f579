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
    house hse
    cottage cott cottg ctg
    lodge ldge ldg
    farm fm
    bungalow bung
    """
)
FLAT_WORDS: Final = _set("flat flats fl apartment apt appt apartments unit room rm studio suite maisonette")
FLOOR_WORDS: Final = _set("ground first second third fourth top basement lower upper garden")
# In English, Welsh and Polish; "pod numerem" is "at number".
NUMBER_MARKERS: Final = frozenset({"no", "number", "num", "nr", "nos", "numbers", "rhif", "numer", "numerem"})
# A number right after one of these is theirs, and no house's: "Bus 27 stops at Larkspur Lane".
NUMBERED: Final = _set(
    """
    bay bed bus buses chapter coach desk figure form grade group issue item items job junction level line locker lot
    order orders page pages paragraph para part platform question ref reference room route section session shelf size
    step table team ticket tram type invoice version volume ward week year
    phone telephone tel mobile fax account contact extension ext
    """
)
# Of those, what a writer puts before an address too ("Ref 27 Larkspur Lane"): its number may be the house's.
REFERENCES: Final = _set("account contact invoice item job lot order ref reference team ticket week year")
# Words after a number that it does not count, as it does "27 residents".
NOT_COUNTED: Final = _set(
    "and are but for from has her his just near next not now off old the there they this top was where which with"
)
# "The second door after number 25": another house says where this one is.
BESIDE: Final = _set("above after at before below behind beside between by from near next opposite past than to")
# "Number 25 is opposite."
FACING: Final = frozenset({"opposite", "next", "beside", "behind", "across"})
# What the last word of a house's name mostly is.
HOUSE_WORDS: Final = _set(
    """
    house cottage cottages lodge farm barn hall bungalow mill villa villas manor rectory vicarage farmhouse grange forge
    inn granary stables chapel mansion mansions tower towers court school croft
    """
)
# A town's name before one of these is part of the name of an organisation.
ORGANISATIONS: Final = _set(
    """
    city council borough county district university college hospital infirmary nhs magistrates combined police
    """
)
# Words that stand in no address, or that begin a sender's own below a letter: what follows is another place.
NOT_OF_ADDRESS: Final = _set(
    """
    are as but for from has have he her his is it near not or she than that their they was we were
    regards sincerely faithfully wishes thanks cheers reply council officer telephone tel email
    """
)
# Types of streets that stand before the name.
LEADING_TYPES: Final = ("heol", "ffordd", "stryd", "rhodfa", "rue")
# What a long name of a place begins or ends with and loses in everyday speech: Little Hadham, Clacton-on-Sea.
PLACE_PREFIXES: Final = _set(
    "great little upper lower north south east west old new high nether over long abbots bishops kings queens"
)
PLACE_SUFFIXES: Final = _set(
    "onsea bysea underlyne onthames upontyne upontrent ontrent ontees supermare lestreet onthehill"
)
_PLACES_TWICE = """
    swansea abertawe
    cardiff caerdydd
    newport casnewydd
    wrexham wrecsam
    carmarthen caerfyrddin
    caernarfon carnarvon caernarvon
    holyhead caergybi
    bridgend penybont penybontarogwr
    neath castellnedd
    cardigan aberteifi
    haverfordwest hwlffordd
    merthyrtydfil merthyrtudful merthyr
    abergavenny yfenni
    brecon aberhonddu
    welshpool ytrallwng
    newtown ydrenewydd
    mold yrwyddgrug
    denbigh dinbych
    tenby dinbychypysgod
    conwy conway
    barry ybarri
    aberdare aberdar
    pembroke penfro
    stasaph llanelwy
    londonderry derry
"""


def _both_ways(lines: str) -> dict[str, tuple[str, ...]]:
    """Return, for each word, the others of its line."""
    rows = [line.split() for line in lines.strip().splitlines()]
    return {word: tuple(other for other in row if other != word) for row in rows for word in row}


# The other names of places that have two: Welsh and English.
PLACES_TWICE: Final = _both_ways(_PLACES_TWICE)
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
