# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of people: taken apart, and compared as people write them (nickname, initial, surname first).

Pure.  Sources: matching.md section 5 (what counts beside a surname).  The groups of names that stand for each other
are our own list of British usage, with the spellings of Arabic, Polish, Ukrainian and Welsh names met in Britain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import Final

from safehold.register.spelling import is_near
from safehold.register.words import Words
from safehold.text import folded

# Each line: names that may stand for one another.  A name may be in several lines.
_GROUPS = """
abigail abi abby gail
adam ad
agnes nessie aggie agnieszka
ahmed ahmad ahmet achmed
aisha ayesha aysha aicha aishah
alan allan allen al
albert bert bertie al
alexander alex alec al sandy xander sasha oleksandr aleksander alasdair alistair alastair alister olek
alexandra alex alexa sandra sandy sasha lexi oleksandra aleksandra ola
alfred alf alfie fred
alison ali allison
amanda mandy manda
amelia amy millie milly
andrew andy drew andrzej andriy andrii
angela angie ange
ann anne anna annie ania anya hanna hannah nan nancy
anthony tony antony ant antoni
antonia toni
arthur art artur
barbara barb babs basia
barry baz barrie
beatrice bea trixie beatrix
benjamin ben benny benji
bernadette bernie
bernard bernie
bethan beth bethany
bridget bridie biddy
bronwen bron bronwyn
caroline carol carrie caz lyn
carys cerys
catherine cath cathy cate kate katie katy kathy kathryn katherine katharine kat kit kitty katarzyna kasia kateryna katya
cedric ced
charles charlie chas chuck karol karl carl
charlotte charlie lottie lotte char
cheryl chez sheryl
christina chris chrissie tina kristina krystyna khrystyna
christine chris chrissie christie tina
christopher chris kit topher krzysztof
clare claire clara
clifford cliff
constance connie
daniel dan danny danylo danilo
danielle dani danni
david dave davey davy dai dawid dafydd dewi davyd
deborah deb debs debbie debra
dennis den denis denys
derek del derrick
diana di diane dianne
dominic dom nick
donald don donnie
dorothy dot dottie dolly dora
douglas doug dougie
edward ed eddie ted teddy ned eduard
eleanor ellie nell nelly elinor elena ella nora
elizabeth liz lizzie beth betty bess betsy eliza elsie libby lisa lizbeth elisabeth elzbieta ela yelyzaveta liza
emily em emmy millie
emma em emmie
eric rick erik
ernest ernie
eugene gene yevhen evgeny
eugenia eugenie genie yevheniia
evelyn evie eve lyn
ewan euan ewen
fatima fatma fatimah fatemeh
florence flo florrie flossie
frances fran frankie fanny francesca
francis frank frankie fran franciszek
frederick fred freddie freddy frederic
gareth gaz garry gary
gavin gav
geoffrey geoff jeff jeffrey
george georgie jerzy yuriy yurii heorhii
georgina georgie gina georgia
gerald gerry jerry ged
gerard gerry ged
gillian gill jill jilly
glenda glen
gordon gord
grace gracie
graham graeme grahame
gregory greg hryhoriy grzegorz
gwendolyn gwen gwendoline gwenllian
hannah hanna han
harold harry hal
harriet hattie harry hatty
hassan hasan
heather heath
helen nell nellie ellen elen helena halyna olena
henry harry hal hank henryk
hugh hughie huw hew
hussein hussain husain hossein husayn
ian iain
ibrahim ebrahim abraham
imogen immy immie
irene rene iryna irena
isabel isabella izzy bella isobel izabela issy
ivan john
jacqueline jackie jacqui jacky
jacob jake jakub
james jim jimmy jamie jem jimmie seamus hamish
jane jayne janie jan janet
janet jan
janice jan
jason jase
jennifer jen jenny jenni
jeremy jez jerry jem
jessica jess jessie jesse
joan joanie jo
joanne jo joanna joann asia
john johnny jon jack ian sean ivan jan ioan
jonathan jon jonny jonathon johnny
joseph joe joey jo jozef yosyp
josephine jo josie
joshua josh
judith judy jude jody
julia julie jules yuliia yulia
julian jules jools
june junie
karen kaz karon
keith keef
kenneth ken kenny
kevin kev
kimberley kim kimberly
kirsty kirstie kirsten
laura lauren laurie
lawrence larry lawrie laurence lol
leonard len lenny leo
leslie les lesley
lewis lew louis lou
lillian lil lily lilly
linda lynda lyn lindy
louise lou lulu
lucy lu lucinda lucie
luke lukasz lucas luka
lynne lyn lynn
madeleine maddy maddie madeline
magdalena magda
malcolm mal malc
malgorzata gosia
margaret maggie meg peggy marge margie madge greta rita margot mags megan mair
maria mary marie marija mariya mariia
marilyn lyn
mark marc marek marko
martin marty martyn marcin
mary molly polly maria marie may mair mari
matilda tilly tilda mattie
matthew matt matty mateusz matvii
maureen mo
maurice mo morris
maxwell max maximilian maksym maxim
melanie mel
melissa mel lissa
michael mike mick micky mickey mikey mykhailo michal mikhail mihai meical
michelle shelley shell chelle
mildred milly
mohammed mohamed muhammad mohammad mohamad muhammed mahomed mohd md mo mehmet
natalie nat nattie
natasha tasha nat nataliya nataliia natalia
nathan nat nate
nathaniel nat nate nathan
nicholas nick nicky nicolas nik nico mykola mikolaj
nicola nicky nikki nic
nigel nige
oliver ollie olly
olivia liv livvy olive
osman usman othman uthman
owen owain
pamela pam pammy
patricia pat trish patsy tricia paddy patty
patrick pat paddy pad
paul pauly pawel pavlo
pauline polly
penelope penny pen
peter pete petro piotr petr
philip phil phillip pip
phyllis phyl
priscilla cilla
rachel rach rachael rae
raymond ray
rebecca becky becca bex beck
reginald reg reggie
rhiannon rhi
richard rich rick dick richie ricky rico ryszard
robert rob bob bobby robbie bert robin robbo
roberta bobbie
robin rob
roderick rod roddy
rodney rod
roger rog rodger
ronald ron ronnie ronny
rosemary rose rosie
roxanne roxy
russell russ
ryan ry
samantha sam sammy
samuel sam sammy
sandra sandie sandy
sarah sally sara sadie sal
shane shayne
sharon shaz shazza
sheila shelagh
shirley shirl
sian shan sianed
siobhan shevaun chevonne
sofia sophia sophie zofia sofiia
stanley stan
stefan stephen stepan
stephanie steph stef steff stefania
stephen steve steven stevie stefan
stuart stu stewart
susan sue susie suzie suzanne susannah suzy
sylvia sylvie silvia
teresa terry tess theresa tessa terri
terence terry tel terrence
thomas tom tommy tam tomasz tomos twm
timothy tim timmy
tracy trace tracey
valerie val
vanessa nessa
veronica ron ronnie vera
victor vic viktor
victoria vicky vicki tori vikki viktoriia
vincent vince vinny
violet vi
virginia ginny ginger
vivian viv vivien vivienne
volodymyr vladimir volodya vlad
walter walt wally
wayne way
wendy wend
william will bill billy willie willy liam wil gwilym wilhelm
winifred winnie freda win
yusuf yousef youssef yousuf yusef joseph
yvonne eve
zachary zach zack zak
zainab zaynab zeinab zeynep
"""

# Surnames and forenames that are words of everyday text too: they count as names only with a capital.
COMMON_WORDS: Final = frozenset(
    """
    abbey archer art baker banks bar barber bear bell berry best bill bird bishop black blessing bond book booker brand
    bridge bridges brook brooks brown bruce buck bull bush butcher butler can care carpenter carter case cash chance
    chapel charity chase child church clay close coach cole constant cook cooper corner court cox crane cross crow
    dale dates daisy daly dawn day dean dear delight dick drew duke early east ember emerald england faith farmer
    fern field fields fish fisher flint flood flower flowers ford forest fort foster fountain fox frank free french
    friend frost gale game garden gardener gene gift glass gold golden good grace grant gray great green grey guy hall
    hand hands harbour hardy harmony harry hart hay head heath heather hero high hill hills holly home hood hook hope
    house hunt hunter ice iris ivy jack jade jasmine jay jewel jones joy judge june just key keys kind king knight
    knowles lake lamb land lane large law leaf lee light lily little lock london long love low major man many mark
    marks marsh marshal marshall martin mason masters may may meadow mercy mile miles mill miller mills mint money
    moon moor moore more moss mount myrtle nature new newton nice night noble north nurse oak office olive page paige
    paris park parker parks pat patience pearl penny perfect pepper peters pike piper place pleasant plum pool poppy
    porter post potter power price pride prince prior quick rain ray read reader reed rich rain ray ridge ring river
    rivers rob robin rock rod rose row royal ruby rule rush sage sale salt sand sandy sharp sharp shaw sheppard shepherd
    short silver singer sky small smart smith smooth snow south sparrow spring star stark steel stone storm street
    strong summer summers sun swan sweet tailor taylor temple thorn tiger tony towers town trace trip true turner
    twin underwood vale valley victor violet walker wall walls ward waters way weaver webb week weeks well wells west
    wheeler white wild will willow win winter winters wise wolf wood woods worth wright young
    """.split()  # noqa: SIM905 - a list of words reads better than one of quotes
)
TITLES: Final = frozenset(
    "mr mrs ms miss mx dr prof professor sir lady lord rev revd reverend master sgt pc dc".split()  # noqa: SIM905
)
# Parts of a surname that people write apart or together: O Brien, Mc Donald, D Souza.
PREFIXES: Final = frozenset({"o", "mc", "mac", "d"})
_PARTICLES: Final = frozenset("van von der den de la le da di dos del al el bin ibn ben ap ferch st mac mc o".split())  # noqa: SIM905


def _nicknames() -> dict[str, frozenset[str]]:
    """Return, for each name, all names that may stand for it."""
    others: dict[str, set[str]] = {}
    for line in _GROUPS.split("\n"):
        group = line.split()
        for name in group:
            others.setdefault(name, set()).update(group)
    return {name: frozenset(group) for name, group in others.items()}


_NICKNAMES: Final = _nicknames()
_SHORTEST_FUZZY = 5  # matching.md 5: one edit from five letters on


class Likeness(IntEnum):
    """How a word agrees with a forename; higher is better."""

    NONE = 0
    INITIAL = 1
    NEAR = 2
    NICKNAME = 3
    SAME = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: forenames, and the parts of the surname (both of a double one)."""

    forenames: tuple[str, ...] = field(default=(), repr=False)
    surnames: tuple[str, ...] = field(default=(), repr=False)

    @property
    def surname_forms(self) -> tuple[str, ...]:
        """Return all by which the surname is found: its parts, and what people run together.

        "doeroe" is what a line end leaves of Doe-Roe; the O of "Jane O Brien" may be an initial or a part of the name.
        """
        forms = self.surnames
        if len(self.surnames) > 1:
            forms = (*forms, "".join(self.surnames))
        if self.surnames and len(self.forenames) > 1 and self.forenames[-1] in PREFIXES:
            forms = (*forms, self.forenames[-1] + self.surnames[0])
        return forms

    @property
    def is_full(self) -> bool:
        """Return whether there are both a forename and a surname."""
        return bool(self.forenames) and bool(self.surnames)


def name_words(text: str) -> list[str]:
    """Return the words of a name, folded, apostrophes dropped."""
    return [raw.replace("'", "") for raw in Words(folded(text)).raw]


def parse_name(text: str) -> Name:
    """Return the parts of a written name: "Jane Ann Doe-Roe", "DOE, Jane", "Mrs J. Doe", "Doe".

    A single word is taken for a surname.
    """
    last, comma, first = folded(text).partition(",")
    words = [word for word in name_words(last) if word not in TITLES]
    if comma and (given := [word for word in name_words(first) if word not in TITLES]):
        return Name(tuple(given), tuple(_surname(_prefixed(words))))
    if not words:
        return Name()
    words = _prefixed(words)
    start = len(words) - 1
    if "-" in last.strip().split(" ")[-1] and start > 1:
        start -= last.strip().split(" ")[-1].count("-")
    start = max(start, 1 if len(words) > 1 else 0)
    return Name(tuple(words[:start]), tuple(_surname(words[start:])))


def _prefixed(words: list[str]) -> list[str]:
    """Return the words with "Mc" and the rest of the surname made one."""
    if len(words) > 1 and words[-2] in PREFIXES and len(words[-2]) > 1:
        return [*words[:-2], words[-2] + words[-1]]
    return words


def _surname(words: list[str]) -> Iterator[str]:
    """Yield the parts of a surname that are worth looking for: no particles, where anything else is left."""
    telling = [word for word in words if word not in _PARTICLES]
    yield from telling or words


def forename_likeness(word: str, name: Name, *, fuzzy: bool = True) -> Likeness:
    """Return how well *word* agrees with the first of the forenames (or is one of the others)."""
    if not name.forenames or not word:
        return Likeness.NONE
    best = Likeness.NONE
    for place, forename in enumerate(name.forenames):
        if len(forename) == 1:
            likeness = Likeness.INITIAL if word[0] == forename and place == 0 else Likeness.NONE
        elif word == forename:
            likeness = Likeness.SAME
        elif word in _NICKNAMES.get(forename, ()):
            likeness = Likeness.NICKNAME
        elif len(word) == 1:
            likeness = Likeness.INITIAL if word == forename[0] and place == 0 else Likeness.NONE
        elif fuzzy and len(word) >= _SHORTEST_FUZZY and len(forename) >= _SHORTEST_FUZZY and is_near(word, forename):
            likeness = Likeness.NEAR
        else:
            likeness = Likeness.NONE
        best = max(best, likeness)
    return best


def glued_forms(name: Name) -> Iterator[str]:
    """Yield how a mailbox may run the name together: janedoe, jdoe, doejane, doej."""
    if not name.is_full:
        return
    first, last = name.forenames[0], "".join(name.surnames)
    yield from dict.fromkeys((first + last, first[0] + last, last + first, last + first[0]))


def find_surnames(words: Sequence[str]) -> list[str]:
    """Return the words of a display name or local part that could be a surname: all but initials and titles."""
    single = [word for word in words if len(word) > 1 and word not in TITLES]
    return single + [first + second for first, second in pairwise(words) if first in PREFIXES]
