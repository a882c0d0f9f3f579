# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: files with one made-up word in every place where a format can keep text.

The places come from the formats' specifications, not from our readers: whoever adds one asks "where could a person
put, or leave behind, an address in such a file?" and not "what do we read?".  Each word stands in one place only,
so a reading shows by the words which places were found, and by their visibility how.

``FORMATS`` maps a format to the function that builds its files; ``files(format)`` builds them once.
"""

from functools import cache

from canaries import (
    archives,
    cards,
    docx,
    drawings,
    html,
    legacy,
    mime,
    odf,
    outlook,
    pdf,
    pictures,
    pptx,
    rarer,
    rtf,
    text,
    xlsx,
)
from canaries.core import Canary, Place

BUILDERS = {
    "mime": mime.build,
    "eml": mime.build_nested,
    "text": text.build,
    "html": html.build,
    "pdf": pdf.build,
    "docx": docx.build,
    "xlsx": xlsx.build,
    "pptx": pptx.build,
    "odt": odf.build_text,
    "ods": odf.build_sheet,
    "odp": odf.build_slides,
    "rtf": rtf.build,
    "doc": legacy.build_doc,
    "xls": legacy.build_xls,
    "ppt": legacy.build_ppt,
    "msg": outlook.build_msg,
    "tnef": outlook.build_tnef,
    "csv": cards.build_csv,
    "ics": cards.build_ics,
    "vcf": cards.build_vcf,
    "zip": archives.build_zip,
    "tar": archives.build_tar,
    "gz": archives.build_gz,
    "bz2": archives.build_bz2,
    "xz": archives.build_xz,
    "7z": archives.build_7z,
    "jpeg": pictures.build_jpeg,
    "png": pictures.build_png,
    "tiff": pictures.build_tiff,
    "gif": pictures.build_gif,
    "webp": pictures.build_webp,
    "emf": drawings.build,
    "epub": rarer.build_epub,
    "iwork": rarer.build_iwork,
    "rar": rarer.build_rar,
    "heic": rarer.build_heic,
    "iso": rarer.build_iso,
    "onenote": rarer.build_onenote,
}


@cache
def files(format_name: str) -> tuple[Canary, ...]:
    """Return the canary files of a format, the same bytes every time."""
    return tuple(BUILDERS[format_name]())


__all__ = ["BUILDERS", "Canary", "Place", "files"]
