# SPDX-License-Identifier: GPL-3.0-or-later
"""What style declarations change about what a reader of a page sees: hiding, colours, order, and text of their own.

Mail clients differ in what they honour, so a declaration is believed where it hides or moves text and never where it
would make hidden text visible.  Of a plain selector only the last element is asked: a rule that is taken too widely
labels a text as hidden, and hidden text is read like any other.  Other selectors are for the tree parser to match,
where it reads (``Sheet.others``).  Pure, linear, total.
Source: CSS 2.2, CSS Flexible Box, CSS Generated Content; WHATWG HTML for the legacy colours.
"""

import colorsys
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from safehold.model import Visibility
from safehold.reading.vocabulary import words
from safehold.reading.written.inline import in_value

Colour = tuple[int, int, int]

# A colour we cannot tell: a picture, a gradient, a name we do not know.
UNKNOWN: Colour = (-1, -1, -1)
WHITE: Colour = (255, 255, 255)
_ALIKE = 16  # of 255, in each of red, green, blue: an eye needs more than this to read
_NAMES: dict[str, Colour] = {
    "white": WHITE, "black": (0, 0, 0), "red": (255, 0, 0), "lime": (0, 255, 0), "green": (0, 128, 0),
    "blue": (0, 0, 255), "navy": (0, 0, 128), "yellow": (255, 255, 0), "gray": (128, 128, 128),
    "grey": (128, 128, 128), "silver": (192, 192, 192), "maroon": (128, 0, 0), "purple": (128, 0, 128),
    "teal": (0, 128, 128), "aqua": (0, 255, 255), "fuchsia": (255, 0, 255), "snow": (255, 250, 250),
    "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255), "whitesmoke": (245, 245, 245),
}  # fmt: skip


class Layout(Enum):
    """How an element stands otherwise than in the order of the source."""

    ROW = "row"  # a flex or grid container: its children may carry an order
    REVERSED = "reversed"
    FLOAT = "float"  # to the right
    PLACED = "placed"  # at coordinates of its own
    MOVED = "moved"  # shifted, mirrored or turned


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says; the defaults say nothing."""

    hiding: Visibility | None = None
    until: str = ""  # the property by which something inside is seen again, "" where nothing does that
    undoes: frozenset[str] = frozenset()  # such properties of others that this one sets to what can be seen
    gone: bool = False  # takes no room, so that what stands around it stands together
    block: bool = False  # begins a line and ends it
    cell: bool = False  # stands apart from what stands before it in its line
    struck: bool = False
    colour: Colour | None = None
    ground: Colour | None = None
    direction: str = ""  # "rtl" or "ltr"
    override: bool = False
    layout: Layout | None = None
    order: int = 0
    at: tuple[float, float] = (0.0, 0.0)  # top, left
    marker: str = ""  # list-style-type
    counter: int | None = None  # what the list items of this element count on from
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


NOTHING = Style()

_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|([^\r\n\f0-9a-fA-F])|\r?\n)")
_LENGTH = re.compile(r"(-?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(px|pt|em|rem|%|cm|mm|in|vw|vh)?")
_FONT_SIZE = re.compile(r"(?<![\w.-])(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(?:px|pt|em|rem|%)?(?=\s*/|\s|$)")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*[,\s]\s*(\d{1,3})\s*[,\s]\s*(\d{1,3})\s*(?:[,/]\s*([\d.]{1,9}%?)\s*)?\)")
_HSL = re.compile(
    r"hsla?\(\s*(-?\d{1,4})(?:deg)?\s*[,\s]\s*(\d{1,3})%\s*[,\s]\s*(\d{1,3})%\s*(?:[,/]\s*([\d.]{1,9}%?)\s*)?\)"
)
_PERCENT_RGB = re.compile(r"(\d{1,3})%")
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_COUNTER = re.compile(r"list-item\s+(-?\d{1,9})")
_MIRRORED = re.compile(r"scale(?:3d|x|y)?\(\s*-|rotate|matrix|translate|scale\(\s*\.?0")
_SHRUNK = re.compile(r"scale(?:3d|x|y)?\(\s*0?\.?0*\s*[,)]")
_CLIPPED = re.compile(r"rect\(\s*[01]?(?:px)?[\s,]|inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0")
# Nothing else here is of interest, and most inline styles hold nothing of it but a font or a margin.
_TELLING = re.compile(
    r"colou?r|fill|zoom|filter|background|display|visib|opacity|font|hide|decoration|direction|bidi|float|position|order|flex"
    r"|counter|list-style|height|width|indent|margin|left|transform|clip|\\|/\*"
)
_TRANSPARENT = frozenset(("none", "transparent", "inherit", "initial", "unset", "revert", ""))
_INHERITED = frozenset(("inherit", "initial", "unset", "revert", "currentcolor", "windowtext", "auto", ""))
# A length in points; a percentage is one of the page where it is an offset, of the font where it is a size.
_POINTS = {"px": 0.75, "pt": 1.0, "em": 12.0, "rem": 12.0, "cm": 28.35, "mm": 2.835, "in": 72.0, "vw": 6.0, "vh": 8.0}
_TINY_POINTS = 1.0
_FAR_OFF_POINTS = -300.0
_FAR_RIGHT_POINTS = 3_000.0
_FAINT = 0.1
_TYPES = words(
    "decimal decimal-leading-zero lower-alpha lower-latin upper-alpha upper-latin lower-roman upper-roman none disc"
    " circle square"
)
_WITHIN = 100_000  # of a page, where its style sheets are looked for
_MOST_SHEETS = 20
_MOST_RULES = 50  # of one name
_LONGEST_CONTENT = 200
_SHEET = re.compile(r"<style", re.IGNORECASE)
_BRACE = re.compile(r"([{}])")
# Rules for a window of the width of a desk, and those that hold wherever they are understood.
_SHOWN_MEDIA = re.compile(
    r"@media\s+(?:only\s+)?(?:(?:all|screen)\b)?(?:\s*(?:and\s*)?\(\s*min-(?:device-)?width\s*:\s*\d{1,3}(?:px)?\s*\))?\s*"
    r"|@(?:supports|layer|container|starting-style)\b[^;]{0,500}",
    re.IGNORECASE,
)
# Cheap to match for a tree parser: up to three elements, and nothing that looks inside one.
_CHEAP = re.compile(r"[^\s>+~]{1,100}(?:\s{0,9}[\s>+~]\s{0,9}[^\s>+~]{1,100}){0,2}")
_VARIABLE = re.compile(r"--([\w-]{1,60})\s*:\s*([^;{}]{1,200})")
_USE_OF_VARIABLE = re.compile(r"var\(\s*--([\w-]{1,60})\s*(?:,[^()]{0,200})?\)")
_MOST_OTHERS, _LONGEST_KEPT = 30, 1_000
_LONGEST_RESOLVED = 10_000
_SELECTOR = re.compile(r"([a-z][a-z0-9]{0,20})?((?:[.#][a-z_][\w-]{0,60}){0,4})(?:::?(before|after))?", re.IGNORECASE)
_STRING = re.compile(r'"((?:[^"\\]|\\.){0,2000})"|\'((?:[^\'\\]|\\.){0,2000})\'|attr\(\s*([\w-]{1,60})', re.DOTALL)


def unescape(text: str) -> str:
    r"""Return CSS text with its escapes undone.

    >>> unescape(r"\32 7 High")
    '27 High'
    """
    return _ESCAPE.sub(lambda found: _escaped(found[1]) if found[1] else found[2] or "", text) if "\\" in text else text


def _escaped(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def parse(style: str) -> Style:
    """Return what the declarations of one style attribute or rule say."""
    style = style.lower()
    if not _TELLING.search(style):
        return NOTHING
    style = unescape(_without_comments(style))
    says: dict[str, str] = {}
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            says[name.strip()] = value.partition("!")[0].strip()
    layout, at = _layout(says)
    hiding, until = _hiding(says)
    direction = says.get("direction", "")
    found = Style(
        hiding=hiding,
        until=until,
        undoes=_undoes(says),
        gone=says.get("display") == "none" or (hiding is not None and layout in (Layout.PLACED, Layout.FLOAT)),
        block=says.get("display", "") in _BLOCK_DISPLAYS,
        cell=says.get("display") == "table-cell",
        struck="line-through" in says.get("text-decoration", "") + says.get("text-decoration-line", ""),
        colour=_colour(says.get("color")),
        ground=_ground(says),
        direction=direction if direction in ("rtl", "ltr") else "",
        override="override" in says.get("unicode-bidi", ""),
        layout=layout,
        order=int(_number(says.get("order", ""))),
        at=at,
        marker=_marker(says),
        counter=_counter(says),
    )
    return NOTHING if found == NOTHING else found


def _without_comments(style: str) -> str:
    head, *rest = style.split("/*")
    return head + "".join(piece.partition("*/")[2] for piece in rest)


def colour(value: str) -> Colour:
    """Return a colour as an attribute or declaration names it."""
    value = value.strip().lower()
    named = _NAMES.get(value)
    if named is not None:
        return named
    found = _HEX.fullmatch(value if value.startswith("#") else "#" + value)
    if found:
        digits = found[1]
        if len(digits) < 6:
            digits = "".join(digit * 2 for digit in digits)
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if value.startswith("rgb") and "%" in value.partition("/")[0]:
        value = _PERCENT_RGB.sub(lambda found: str(round(int(found[1]) * 2.55)), value)
    parts = _RGB.fullmatch(value)
    if parts:
        return min(255, int(parts[1])), min(255, int(parts[2])), min(255, int(parts[3]))
    shade = _HSL.fullmatch(value)
    if shade:
        hue, saturation, light = int(shade[1]) % 360 / 360, min(1, int(shade[2]) / 100), min(1, int(shade[3]) / 100)
        red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
        return round(red * 255), round(green * 255), round(blue * 255)
    return UNKNOWN


def _is_clear(value: str) -> bool:
    """Return whether a colour lets everything through."""
    if value == "transparent":
        return True
    if value.startswith("#"):
        return (len(value) == 5 and value[4] == "0") or (len(value) == 9 and value[7] in "01")
    found = _RGB.fullmatch(value) or _HSL.fullmatch(value)
    return bool(found and found[4] and _share(found[4]) < _FAINT)


def _share(value: str) -> float:
    """Return a number from 0 to 1, which may be written as a percentage."""
    return _number(value, 1.0) / (100 if value.rstrip().endswith("%") else 1)


def alike(one: Colour, other: Colour) -> bool:
    """Return whether text of one colour cannot be read on a ground of the other."""
    if one[0] < 0 or other[0] < 0:
        return False
    return all(abs(a - b) <= _ALIKE for a, b in zip(one, other, strict=True))


def merged(styles: Iterable[Style]) -> Style:
    """Return several styles of one element as one, later ones first; what any of them hides is hidden."""
    whole = NOTHING
    for style in styles:
        if style is NOTHING:
            continue
        whole = style if whole is NOTHING else _over(whole, style)
    return whole


def _over(below: Style, above: Style) -> Style:
    return Style(
        hiding=below.hiding or above.hiding,
        until=below.until if below.hiding else above.until,
        undoes=below.undoes | above.undoes,
        gone=below.gone or above.gone,
        block=below.block or above.block,
        cell=below.cell or above.cell,
        struck=below.struck or above.struck,
        colour=below.colour if above.colour is None else above.colour,
        ground=below.ground if above.ground is None else above.ground,
        direction=above.direction or below.direction,
        override=below.override or above.override,
        layout=above.layout or below.layout,
        order=above.order or below.order,
        at=above.at if above.layout is Layout.PLACED else below.at,
        marker=above.marker or below.marker,
        counter=below.counter if above.counter is None else above.counter,
        before=above.before or below.before,
        after=above.after or below.after,
    )


# -- one property after the other ---------------------------------------------------------------------------------


_SIZES = ("height", "width", "max-width")
_OFFSETS = ("text-indent", "left", "top", "margin-left", "margin-top")


_TINY_UNTIL, _UNSEEN_UNTIL = "font-size", "visibility"
_SIZE_WORDS = frozenset(("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large"))
_BLOCK_DISPLAYS = frozenset(("block", "list-item", "table", "table-row", "table-caption", "flex", "grid", "flow-root"))
_FAINT_FILTER = re.compile(r"opacity\(\s*0?\.?0*%?\s*\)")


def _hiding(says: dict[str, str]) -> tuple[Visibility | None, str]:
    """Return how a style hides, and the property by which something inside is seen again."""
    lasting = _lasting(says)
    if lasting is not None:
        return lasting, ""
    if says.get("visibility") in ("hidden", "collapse"):
        return Visibility.HIDDEN, _UNSEEN_UNTIL
    sizes = [says["font-size"]] if "font-size" in says else _FONT_SIZE.findall(says.get("font", ""))[:1]
    if any(0 <= _points(size, 0.12, 12.0) <= _TINY_POINTS for size in sizes):
        return Visibility.TINY, _TINY_UNTIL
    return None, ""


def _undoes(says: dict[str, str]) -> frozenset[str]:
    """Return what hiding of an element around it a style puts an end to: a size of its own, not a relative one."""
    undone: list[str] = []
    if says.get("visibility") == "visible":
        undone.append(_UNSEEN_UNTIL)
    size = says.get("font-size") or next(iter(_FONT_SIZE.findall(says.get("font", ""))), "")
    relative = size.endswith("%") or (size.endswith("em") and not size.endswith("rem"))
    if size in _SIZE_WORDS or (size and not relative and _points(size, 0.0) > _TINY_POINTS):
        undone.append(_TINY_UNTIL)
    return frozenset(undone)


def _lasting(says: dict[str, str]) -> Visibility | None:
    """Return how a style hides whatever stands inside."""
    if (
        says.get("display") == "none"
        or says.get("mso-hide") == "all"
        or says.get("content-visibility") == "hidden"
        or ("opacity" in says and _share(says["opacity"]) < _FAINT)
        or ("zoom" in says and _share(says["zoom"]) < _FAINT)
        or _FAINT_FILTER.search(says.get("filter", ""))
        or _is_clear(says.get("-webkit-text-fill-color") or says.get("color", ""))
        or _CLIPPED.search(says.get("clip", "") + says.get("clip-path", ""))
        or ("hidden" in says.get("overflow", "") and any(_number(says.get(name, ""), 1.0) == 0 for name in _SIZES))
        or _number(says.get("max-height", ""), 1.0) == 0
        or _SHRUNK.search(says.get("transform", ""))
    ):
        return Visibility.HIDDEN
    if any(_points(says[name], 6.0) < _FAR_OFF_POINTS for name in _OFFSETS if name in says):
        return Visibility.OFF_PAGE
    if any(_points(says[name], 6.0) > _FAR_RIGHT_POINTS for name in ("left", "text-indent") if name in says):
        return Visibility.OFF_PAGE
    return None


def _number(value: str, otherwise: float = 0.0) -> float:
    found = _LENGTH.match(value)
    return float(found[1]) if found else otherwise


def _points(length: str, percent: float, otherwise: float = 0.0) -> float:
    """Return a length in points, *otherwise* for what is none."""
    found = _LENGTH.fullmatch(length)
    if found is None:
        return otherwise
    return float(found[1]) * (percent if found[2] == "%" else _POINTS.get(found[2] or "px", 1.0))


def _colour(value: str | None) -> Colour | None:
    return None if value is None or value in _INHERITED else colour(value)


def _ground(says: dict[str, str]) -> Colour | None:
    value = says.get("background-color") or says.get("background")
    if value is None or value in _TRANSPARENT:
        return UNKNOWN if says.get("background-image", "none") not in _TRANSPARENT else None
    return colour(value)


def _layout(says: dict[str, str]) -> tuple[Layout | None, tuple[float, float]]:
    flow = says.get("flex-direction", "") + " " + says.get("flex-flow", "")
    if "reverse" in flow:
        return Layout.REVERSED, (0.0, 0.0)
    position = says.get("position", "")
    if position in ("absolute", "fixed"):
        left = _number(says["left"]) if "left" in says else -_number(says.get("right", ""))
        top = _number(says["top"]) if "top" in says else -_number(says.get("bottom", ""))
        return Layout.PLACED, (top, left)
    if says.get("float") == "right":
        return Layout.FLOAT, (0.0, 0.0)
    if "flex" in says.get("display", "") or "grid" in says.get("display", ""):
        return Layout.ROW, (0.0, 0.0)
    moved = position == "relative" and any(_number(says.get(side, "")) for side in ("left", "top", "right", "bottom"))
    if moved or _MIRRORED.search(says.get("transform", "")) or says.get("margin-left", "").startswith("-"):
        return Layout.MOVED, (0.0, 0.0)
    return None, (0.0, 0.0)


def _marker(says: dict[str, str]) -> str:
    for word in (says.get("list-style-type", "") + " " + says.get("list-style", "")).split():
        if word in _TYPES:
            return word
    return ""


def _counter(says: dict[str, str]) -> int | None:
    found = _COUNTER.search(says.get("counter-reset", "") + " " + says.get("counter-set", ""))
    return int(found[1]) if found else None


# -- sheets -------------------------------------------------------------------------------------------------------


class Sheet:
    """The plain rules of a page's style sheets, by class, id and tag; rules for other media are left out."""

    def __init__(self, page: str) -> None:
        self.others: list[tuple[str, str]] = []  # selectors that only a tree parser can match, and their declarations
        self._bodies: dict[str, list[tuple[str | None, str]]] = {}
        self._styles: dict[str, Style] = {}  # what was asked for so far: most rules of a sheet are for other pages
        self._variables: dict[str, str] = {}
        head = page[:_WITHIN]
        for start in [found.start() for found in _SHEET.finditer(head)][:_MOST_SHEETS]:
            end = head.find("</", start)
            opened = head.find(">", start)
            self._learn(head[opened + 1 : end if end > 0 else None] if opened > 0 else "")
        if "data:text/css" in head:  # a linked or imported sheet that stands in its own address
            for sheet in in_value(head)[:_MOST_SHEETS]:
                if sheet.media_type == "text/css":
                    self._learn(sheet.content.decode("utf-8", "replace"))
        self.tags = frozenset(name for name in self._bodies if name[:1] not in (".", "#"))

    def __bool__(self) -> bool:
        return bool(self._bodies)

    def of(self, tag: str, classes: str, ident: str) -> Style:
        """Return what the sheets say of an element."""
        names = [tag, *(f".{name}" for name in classes.split())]
        if ident:
            names.append(f"#{ident}")
        return merged(self._named(name) for name in names if name in self._bodies)

    def resolved(self, style: str) -> str:
        """Return declarations with the variables put in that they, or the sheets, declare."""
        if "var(" not in style or len(style) > _LONGEST_RESOLVED:
            return style
        known = self._variables | dict(_VARIABLE.findall(style))
        return _USE_OF_VARIABLE.sub(lambda found: known.get(found[1], ""), style)

    def _named(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = merged(_with_content(where, self.resolved(body)) for where, body in self._bodies[name])
            self._styles[name] = style
        return style

    def _learn(self, sheet: str) -> None:
        sheet = _without_comments(sheet)
        if "--" in sheet:
            self._variables.update(_VARIABLE.findall(sheet))
        for selectors, body in _rules(sheet):
            for selector in selectors[:2_000].split(","):
                names = selector.split()
                found = _SELECTOR.fullmatch(names[-1]) if names else None
                if found is None or not found[0]:
                    self._keep(selector.strip(), body)
                    continue
                # The last class or id of the element; a tag only where there is neither.
                last = max(found[2].rfind("."), found[2].rfind("#"))
                name = found[2][last:] if last >= 0 else (found[1] or "").lower()
                rules = self._bodies.setdefault(name, [])
                if len(rules) < _MOST_RULES:
                    rules.append((found[3], body))

    def _keep(self, selector: str, body: str) -> None:
        """Keep a rule for the tree parser, if it says something and is cheap to match."""
        if len(self.others) < _MOST_OTHERS and _CHEAP.fullmatch(selector) and ":has" not in selector:
            declarations = self.resolved(body)
            if len(declarations) <= _LONGEST_KEPT and parse(declarations) is not NOTHING:
                self.others.append((selector, declarations))


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and declarations of every rule that is for a screen."""
    depth = skipped_from = 0
    selectors, text = "", ""
    for piece in _BRACE.split(sheet):
        if piece == "{":
            depth += 1
            text = text.rpartition(";")[2].strip()
            if not text.startswith("@"):
                selectors = text
            elif not skipped_from and not _SHOWN_MEDIA.fullmatch(text + " "):
                skipped_from = depth
        elif piece == "}":
            if selectors and not skipped_from:
                yield selectors, text
            selectors = ""
            if depth == skipped_from:
                skipped_from = 0
            depth = max(0, depth - 1)
        else:
            text = piece


def _with_content(where: str | None, body: str) -> Style:
    """Return a rule for an element; of a rule for what stands before or after it only its text."""
    if not where:
        return parse(body)
    at = body.lower().find("content")
    text = content(body[at:]) if at >= 0 else ""
    return replace(NOTHING, before=text) if where.lower() == "before" else replace(NOTHING, after=text)


def content(declaration: str) -> str:
    """Return the text of a ``content`` declaration; ``attr(x)`` stands in it between U+E000 and U+E001."""
    text = "".join(
        f"\ue000{found[3].lower()}\ue001" if found[3] else unescape(found[1] or found[2] or "")
        for found in _STRING.finditer(declaration.partition(";")[0][:2_000])
    )
    return text[:_LONGEST_CONTENT]
