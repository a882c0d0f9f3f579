# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of a page.  Pure."""

from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.written.inline import Inline


@dataclass(frozen=True, slots=True)
class Page:
    """The texts of one page, apart by how a reader would meet them.

    Attributes:
        own: What the page shows.
        quoted: The same of what it cites.
        also: Pieces of these as they can be seen besides.
        hidden: What it does not show, by the way it is hidden.
        attributes: Words in tags.
        title: Its title.
        comments: Comments, scripts and style sheets.
        inlines: Documents inside it.
        reordered: Whether something stands elsewhere than the source has it.
    """

    own: str = field(repr=False)
    quoted: str = field(repr=False)
    also: str = field(repr=False)
    hidden: dict[Visibility, str] = field(repr=False)
    attributes: str = field(repr=False)
    title: str = field(repr=False)
    comments: str = field(repr=False)
    inlines: tuple[Inline, ...] = field(default=(), repr=False)
    reordered: bool = False

    def everything(self) -> str:
        """Return all texts as one."""
        texts = (self.own, self.quoted, self.also, *self.hidden.values(), self.title, self.attributes, self.comments)
        return "\n\n".join(text for text in texts if text.strip())
