# SPDX-License-Identifier: GPL-3.0-or-later
"""What the attributes of an element say: words for us, and for the rest of the page how it is to be read.

Every attribute is read but those that say how and where: nobody can list the names that people invent.  Linear in the
page, never raises.  Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from safehold.reading.vocabulary import words
from safehold.reading.written import html_styles
from safehold.reading.written.html_styles import UNKNOWN, Layout, Style
from safehold.reading.written.inline import Inline, in_value

# Elements that a page may have; others are somebody's words in angle brackets.
ELEMENTS = words(
    "a abbr acronym address annotation applet area article aside audio b base basefont bdi bdo bgsound big blink"
    " blockquote body br button canvas caption center circle cite clippath code col colgroup data datalist dd defs"
    " del desc details dfn dialog dir div dl dt ellipse em embed fieldset figcaption figure filter font footer"
    " foreignobject form frame frameset g h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img input"
    " ins kbd keygen label layer legend li line lineargradient link listing main map mark marker marquee mask math"
    " menu meta meter mfrac mi mn mo mrow mspace msqrt mstyle msub msup mtext nav nobr noembed noframes noscript"
    " object ol optgroup option output p param path pattern picture plaintext polygon polyline pre progress q"
    " radialgradient rb rect rp rt rtc ruby s samp script section select semantics slot small source span stop"
    " strike strong style sub summary sup svg symbol table tbody td template text textarea textpath tfoot th thead"
    " time title tr track tspan tt u ul use var video wbr xmp"
)
# Attributes that say how and where, not what; the others are read, whatever they are called.
_TECHNICAL = words(
    "accept accesskey align allow autocomplete autoplay axis bgcolor border bordercolor cellpadding cellspacing"
    " charset checked class clear color colspan cols compact coords crossorigin datetime dir disabled draggable"
    " enctype face fetchpriority fill for frame frameborder headers height hidden hspace http-equiv id integrity"
    " is lang language link alink vlink loading marginheight marginwidth maxlength media method min max name nonce"
    " noshade nowrap open property rel required reversed role rowspan rows rules scope scoped selected shape size"
    " sizes span spellcheck start step style tabindex target text topmargin leftmargin translate type usemap"
    " valign vspace width wrap x y x1 x2 y1 y2 d dx dy cx cy r rx ry points transform viewbox version"
    " preserveaspectratio stroke stroke-width opacity fill-opacity font-size font-family font-weight text-anchor"
    " background srcdoc"
)
_FLAGS = _TECHNICAL | words(
    "async autofocus controls default defer loop multiple muted readonly ismap novalidate inert itemscope playsinline"
    " allowfullscreen nomodule"
)
# Two words in a row, a number and a word, or a long number: no program writes such a name for a thing by chance.
_WORDY = re.compile(r"[A-Za-z]{4,40}[^A-Za-z]{1,20}[A-Za-z]{4}")
_TELLING = re.compile(
    r"[A-Za-z]{3,40}[^A-Za-z0-9]{1,20}[A-Za-z]{2}|[0-9][^A-Za-z0-9]{1,9}[A-Za-z]{3}|[0-9](?:[ -]?[0-9]){8}"
)
_CONTENT_ID = re.compile(r"cid:[^\s%]{1,250}", re.IGNORECASE)
_CITED = re.compile(r"\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote)\b")
_CITED_IDS = frozenset(("divrplyfwdmsg", "appendonsend", "isforwardcontent", "mail-editor-reference-message-container"))
_STYLE_TEXT = re.compile(r"[\"'(]([^\"'()]{4,500})[\"')]")
_NO_BREAKS = dict.fromkeys(map(ord, "\t\r\n"))
_STYLE_COMMENT = re.compile(r"/\*(.*?)(?:\*/|\Z)", re.DOTALL)
_NUMBER = re.compile(r"\s{0,9}(-?\d{1,9})")
_DIRECTIONS = frozenset(("rtl", "ltr"))
_LEGACY = frozenset(("color", "bgcolor", "background"))
# Technical attributes by what they may do besides: 2 changes how the element is seen, 4 names it.
_LOOKING, _NAMING = 2, 4
_SORTS = (
    dict.fromkeys(_TECHNICAL, 1)
    | dict.fromkeys((*_LEGACY, "class", "style", "hidden", "dir", "x", "y"), 1 | _LOOKING)
    | dict.fromkeys(("name", "for", "headers", "target", "usemap"), 1 | _NAMING)
    | dict.fromkeys(("id", "class"), 1 | _LOOKING | _NAMING)
)
_COUNTING = frozenset(("ol", "li"))  # of these the numbers are of interest
_SHORT, _LONG = 4, 60
# Attributes whose names say nothing, besides those above and ``on...``, ``aria-...``.
_COMMON = words(
    "alt title href src content value label placeholder action cite data poster srcset summary abbr prompt download"
    " ping longdesc manifest archive code codebase object standby classid codetype profile scheme version xmlns itemid"
    " itemprop itemref itemtype sandbox list pattern form formaction autofocus contenteditable inputmode enterkeyhint"
    " imagesizes imagesrcset decoding srclang kind about typeof vocab resource prefix datatype lowsrc dynsrc valuetype"
    " background-color elementtiming slot part exportparts nonce popover inert translate"
)
_PROGRAMS = re.compile(r"on[a-z]{3,30}|aria-[a-z]{3,30}|xml(?:ns)?:?[a-z0-9]{0,10}|xlink:[a-z]{3,10}")
_PIECE_OF_NAME = re.compile(r"[A-Za-z]{4,}|[0-9]{2,}")
# What declarations are about; others are no style but somebody's words.
_PROPERTIES = re.compile(
    r"(?:-\w+-|mso-|text-|font|background|border|margin|padding|list-style|outline|overflow|white-space|word-|line-"
    r"|letter-|min-|max-|page-|table-|flex|grid|justify-|align|animation|transition|transform|column|object-|scroll"
    r"|box-|place-|user-|pointer-|vertical-|border-|caption-|empty-|tab-|unicode-|writing-|mix-|backdrop-|accent-|will-"
    r"|image-|counter-|color|stroke|fill|clip|mask|break-|hyphen|layout-|size|tab|panose|punctuation)[\w-]{0,40}"
    r"|color|display|visibility|opacity|width|height|top|left|right|bottom|position|float|clear|content|cursor|direction"
    r"|zoom|filter|order|gap|row-gap|resize|inset|quotes|orphans|widows|z-index|behavior|src|speak|appearance|all|d|x|y|r"
)
_MOST_REMEMBERED = 2_000
_MOST_BASED = 500


@dataclass(slots=True)
class Given:
    """What the attributes and styles of one element say of it.  Shared between elements: not to be changed."""

    style: Style = html_styles.NOTHING
    values: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    hidden: bool = False
    cited: bool = False
    direction: str = ""

    def number(self, name: str, otherwise: int) -> int:
        """Return the number that an attribute gives."""
        found = _NUMBER.match(self.values.get(name) or "")
        return int(found[1]) if found else otherwise


NOTHING = Given()


class Attributes:
    """Reads the attributes of a page's elements and keeps their words and the documents in them."""

    def __init__(self, sheet: html_styles.Sheet | None = None) -> None:
        self.words: dict[str, None] = {}
        self.inlines: dict[Inline, None] = {}
        self._sheet = sheet or None
        self._seen: dict[tuple[object, ...], Given] = {}
        self.told: set[str | None] = set()  # every value, whatever came of it
        self.names: dict[str, None] = {}  # of elements and attributes that no page has
        self._technicals: set[tuple[str, str]] = set()  # values that were looked at
        self._styled = sheet.tags if sheet else frozenset()
        self._bare: dict[str, Given] = {}  # elements without attributes
        self._base = ""
        self._based = 0

    def take(self, tag: str, attributes: Mapping[str, str | None]) -> Given:
        """Read the attributes of an element."""
        if not attributes and tag in ELEMENTS:
            given = self._bare.get(tag)
            if given is None:
                given = self._bare[tag] = self._given(tag, attributes) if tag in self._styled else NOTHING
            return given
        bare: list[str] = []
        looks = 0
        self.told.update(attributes.values())
        for name, value in attributes.items():
            sort = _SORTS.get(name, 0)
            looks |= sort
            if not value:
                if not sort and name not in _FLAGS and len(name) > 1:
                    bare.append(name)
            elif not sort:
                if name not in _COMMON:
                    self.names[name] = None
                if ":" in value or "%" in value or self._base:
                    self._attribute(name, value)
                else:
                    self.words[value] = None
            elif len(value) > _SHORT and name != "style" and (name, value) not in self._technicals:
                self._technical(name, value, sort)
        if bare or tag not in ELEMENTS:
            self._note_names(tag, bare)
        if tag == "base":
            self._base = (attributes.get("href") or "")[:500]
        if looks & _LOOKING or tag in self._styled:
            return self._given(tag, attributes)
        return Given(values=attributes) if tag in _COUNTING else NOTHING

    def _note_names(self, tag: str, bare: list[str]) -> None:
        """Note names of elements and attributes that no page has: somebody's words in angle brackets."""
        if tag not in ELEMENTS and ":" not in tag and "-" not in tag:
            bare = [tag, *bare]
        elif tag not in ELEMENTS:
            self.names[tag] = None
        if len(bare) > 1 or (bare and len(bare[0]) > 3):
            self.words[" ".join(bare)] = None

    def telling_names(self) -> list[str]:
        """Return the names of elements and attributes that somebody may have made up to say something."""
        return [
            name
            for name in self.names
            if len(_PIECE_OF_NAME.findall(name.removeprefix("data-"))) > 1 and not _PROGRAMS.fullmatch(name)
        ]

    def inline(self, value: str) -> bool:
        """Take the documents that a value holds; return whether it is one and nothing else."""
        if ":" not in value:
            return False
        value = value.translate(_NO_BREAKS)  # which browsers take out of addresses
        if "data:" not in value.lower():
            return False
        found = in_value(value)
        self.inlines.update(dict.fromkeys(found))
        return bool(found) and value.lstrip()[:5].lower() == "data:"

    # -- words ----------------------------------------------------------------------------------------------------

    def _attribute(self, name: str, value: str) -> None:
        if ":" in value and (self.inline(value) or _is_content_id(value)):
            return
        self.words[value] = None
        if "%" in value:
            self.words[unquote(value, errors="replace")] = None
        if self._base and name in ("href", "src") and ":" not in value[:20] and self._based < _MOST_BASED:
            self._based += 1
            self.words[self._base + value] = None

    def _technical(self, name: str, value: str, sort: int) -> None:
        """Take the value of an attribute that says how: words only where there are several, or it names something."""
        if name == "srcdoc":
            self.inlines[Inline("srcdoc", "text/html", value.encode("utf-8", "replace"), "utf-8")] = None
            return
        self._technicals.add((name, value))
        if ":" in value and self.inline(value):
            return
        if (_TELLING if sort & _NAMING else _WORDY).search(value):
            self.words[value] = None

    # -- looks ----------------------------------------------------------------------------------------------------

    def _given(self, tag: str, values: Mapping[str, str | None]) -> Given:
        get = values.get
        key = (
            tag if tag in self._styled else None,
            *(get("class"), get("id"), get("style"), get("color"), get("bgcolor"), get("background"), get("dir")),
            "hidden" in values,
        )
        given = self._seen.get(key)
        if given is None:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()
            given = self._seen[key] = self._look(tag, values)
        if tag in _COUNTING or given.style.before or given.style.after:
            return replace(given, values=values)
        if tag in ("text", "tspan") and ("x" in values or "y" in values):
            at = (_coordinate(get("y")), _coordinate(get("x")))
            return replace(given, style=html_styles.merged((given.style, Style(layout=Layout.PLACED, at=at))))
        return given

    def _look(self, tag: str, values: Mapping[str, str | None]) -> Given:
        """Return what there is to say of every element with these looks."""
        style = self._style(tag, values)
        direction = style.direction or (values.get("dir") or "").strip().lower()
        cited = _CITED.search(values.get("class") or "") or (values.get("id") or "").lower() in _CITED_IDS
        given = Given(
            style,
            hidden="hidden" in values,
            cited=bool(cited),
            direction=direction if direction in _DIRECTIONS else "",
        )
        return NOTHING if given == NOTHING else given

    def _style(self, tag: str, values: Mapping[str, str | None]) -> Style:
        inline = values.get("style") or ""
        styles = [_legacy(values)]
        if self._sheet:
            styles.append(self._sheet.of(tag, values.get("class") or "", values.get("id") or ""))
        if inline:
            styles.append(html_styles.parse(self._sheet.resolved(inline) if self._sheet else _with_own(inline)))
            self._style_words(inline)
        return html_styles.merged(styles)

    def _style_words(self, style: str) -> None:
        """Note what nobody sees of a style and what leaves with the message: strings, addresses, what is no style."""
        if "/*" in style:
            self.words.update(dict.fromkeys(_STYLE_COMMENT.findall(style)))
            style = _STYLE_COMMENT.sub("", style)
        quoted = "'" in style or '"' in style or "(" in style
        if quoted:
            self.inline(style)
        for declaration in html_styles.unescape(style).split(";"):
            name, colon, value = declaration.partition(":")
            name = name.strip().lower()
            is_style = colon and _PROPERTIES.fullmatch(name) and "<" not in declaration  # no value of a style has one
            if not is_style and _TELLING.search(declaration):
                self.words[declaration.strip()] = None
            elif name == "font-family" and len(value) > _SHORT and any(map(str.isdigit, value)):
                self.words[value.strip()] = None  # no font has a number and words in its name
            elif quoted and not name.startswith(("font", "mso-")):  # names of fonts
                for text in _STYLE_TEXT.findall(declaration):
                    if _WORDY.search(text) and not text.startswith("data:"):
                        self.words[text] = None


def _with_own(style: str) -> str:
    """Return declarations with the variables put in that they declare themselves."""
    return html_styles.Sheet("").resolved(style) if "var(" in style else style


def _is_content_id(value: str) -> bool:
    return value[:4].lower() == "cid:" and bool(_CONTENT_ID.fullmatch(value)) and not _WORDY.search(value)


def _legacy(values: Mapping[str, str | None]) -> Style:
    """Return what the colour attributes of HTML 4 say."""
    if _LEGACY.isdisjoint(values):
        return html_styles.NOTHING
    colour, ground = values.get("color"), values.get("bgcolor")
    return Style(
        colour=html_styles.colour(colour) if colour else None,
        ground=UNKNOWN if values.get("background") else html_styles.colour(ground) if ground else None,
    )


def _coordinate(value: str | None) -> float:
    found = _NUMBER.match(value or "")
    return float(found[1]) if found else 0.0
