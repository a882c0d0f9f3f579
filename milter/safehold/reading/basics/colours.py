# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours as far as they hide text: white on white, black on black.  Pure.

The bound is a luminance contrast below 1.5 to 1 (design notes on redaction, 1b); readable text has 4.5 and more.
Source: WCAG 2.1, relative luminance and contrast ratio.
"""

import re

from safehold.model import Visibility

_HEX = re.compile(r"#?(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_LEAST_CONTRAST = 1.5
_LIGHT = 0.5

BLACK, WHITE = 0x000000, 0xFFFFFF


def rgb(text: str) -> int | None:
    """Return the colour of ``FF00AA``, ``#ff00aa`` or (with alpha in front) ``FFFF00AA``, or None."""
    found = _HEX.fullmatch(text)
    return int(found[1], 16) if found else None


def tinted(colour: int, tint: float) -> int:
    """Return a colour made lighter (*tint* above 0, up to 1) or darker (below 0, down to -1)."""
    tint = max(-1.0, min(1.0, tint))
    mixed = [part + (255 - part) * tint if tint > 0 else part * (1 + tint) for part in colour.to_bytes(3, "big")]
    return int.from_bytes(bytes(round(part) for part in mixed), "big")


def luminance(colour: int) -> float:
    """Return the relative luminance, from 0 (black) to 1 (white)."""
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour.to_bytes(3, "big")
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hiding(text: int, ground: int) -> Visibility | None:
    """Return how text of one colour on a ground of another is hidden, or None where it can be seen."""
    dark, light = sorted((luminance(text), luminance(ground)))
    if (light + 0.05) / (dark + 0.05) >= _LEAST_CONTRAST:
        return None
    return Visibility.WHITE if luminance(ground) > _LIGHT else Visibility.COVERED
