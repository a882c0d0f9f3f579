# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of office documents put together: zips of parts, and the relationships between them."""

from canaries.archives import zip_of

RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(members: dict[str, str | bytes]) -> bytes:
    """Return a zip of these members."""
    return zip_of(
        {name: content.encode() if isinstance(content, str) else content for name, content in members.items()}
    )


def relations(*found: tuple[str, str], external: bool = False) -> str:
    """Return a relationships part: (kind, target), with ids rId1, rId2..."""
    mode = ' TargetMode="External"' if external else ""
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATION}/{kind}" Target="{target}"{mode}/>'
        for n, (kind, target) in enumerate(found, 1)
    )
    return f"<Relationships>{rows}</Relationships>"
