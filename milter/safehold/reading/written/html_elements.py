# SPDX-License-Identifier: GPL-3.0-or-later
"""What each element of HTML does to the text of a page, looked up at once.  Pure.

Source: WHATWG HTML, "Rendering"; what mail clients make of elements that only browsers know.
"""

from safehold.reading.vocabulary import words
from safehold.reading.written.html_attributes import ELEMENTS
from safehold.reading.written.html_tokens import RAW_TEXT, VOID

_BLOCKS = words(
    "address article aside blockquote body br center dd details dir div dl dt fieldset figcaption figure footer"
    " form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav noframes noscript ol"
    " optgroup option p pre section select summary table tbody tfoot thead tr ul textarea button object text"
    " desc foreignobject caption"
)
_CELLS = frozenset(("td", "th"))
STRUCK = frozenset(("del", "s", "strike"))
_RAISED = frozenset(("sup", "sub", "rt", "rp"))
ITEMS_OF = frozenset(("ol", "ul", "menu", "dir"))
# Shown only where a client does not know the element, or cannot do what it says.
FALLBACK = frozenset(("audio", "video", "canvas", "datalist", "dialog", "iframe"))
UNSEEN = frozenset(("template", "noscript", "noframes", "noembed"))
OF_THEIR_OWN = RAW_TEXT | {"title"}
PREFORMATTED = frozenset(("pre", "textarea", "listing", "xmp"))

BLOCK, CELL, EMPTY, CHANGING, COUNTED, STRANGE = 1, 2, 4, 8, 16, 32
_SORTS: tuple[tuple[int, frozenset[str]], ...] = (
    (BLOCK, _BLOCKS),
    (CELL, _CELLS),
    (EMPTY, VOID),
    (CHANGING, OF_THEIR_OWN | UNSEEN | STRUCK | FALLBACK | {"bdo", "blockquote"}),
    (COUNTED, ITEMS_OF | _RAISED | FALLBACK | PREFORMATTED | {"li", "tr", "ins"}),
)
KINDS = {tag: sum(sort for sort, tags in _SORTS if tag in tags) for tag in ELEMENTS}
