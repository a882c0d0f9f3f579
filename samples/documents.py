# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes real documents for the samples: Word by python-docx, PDF by reportlab, pictures by pillow, ZIP by the library.

Pure, and deterministic as far as the libraries let us: fixed dates, no machine names.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import docx
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen import canvas

MADE = datetime(2025, 6, 2, 9, 30)  # noqa: DTZ001 - a document's own date has no zone
_ZIP_DATE = (2025, 6, 2, 9, 30, 0)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JPEG = "image/jpeg"
PDF = "application/pdf"
ZIP = "application/zip"


def word(title: str, *blocks: str | Sequence[Sequence[str]], header: str = "") -> bytes:
    """Return a Word document; a block is a paragraph ("# " in front makes a heading) or a table as rows of cells."""
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "Riverbank Council", ""
    properties.created = properties.modified = MADE
    if header:
        document.sections[0].header.paragraphs[0].text = header
    for block in blocks:
        if not isinstance(block, str):
            _table(document, block)
        elif block.startswith("# "):
            document.add_heading(block.removeprefix("# "), level=1)
        else:
            document.add_paragraph(block)
    out = io.BytesIO()
    document.save(out)
    return _dated(out.getvalue())


def _table(document: docx.document.Document, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text


def pdf(title: str, *pages: Iterable[str]) -> bytes:
    """Return a PDF with one A4 page for each of *pages*, which are paragraphs."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4, invariant=1)
    paper.setTitle(title)
    paper.setAuthor("Riverbank Council")
    for number, paragraphs in enumerate(pages, 1):
        text = paper.beginText(60, A4[1] - 70)
        text.setFont("Helvetica", 11, leading=15)
        for paragraph in paragraphs:
            for line in paragraph.split("\n"):
                for piece in simpleSplit(line, "Helvetica", 11, A4[0] - 120) or [""]:
                    text.textLine(piece)
            text.textLine("")
        paper.drawText(text)
        paper.drawRightString(A4[0] - 60, 40, f"Page {number} of {len(pages)}")
        paper.showPage()
    paper.save()
    return out.getvalue()


def photograph(*lines: str) -> bytes:
    """Return a photograph of a letter that lies on a dark table, a little askew and half in shadow, as JPEG."""
    paper = Image.new("L", (1000, 1414), 250)
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(26)
    for number, line in enumerate(lines):
        pen.text((110, 120 + 40 * number), line, font=font, fill=30)
    table = Image.new("L", (1200, 1600), 70)
    turned = paper.convert("LA").rotate(-3, Image.Resampling.BICUBIC, expand=True)
    table.paste(turned.getchannel("L"), (60, 70), turned.getchannel("A"))
    light = Image.linear_gradient("L").resize(table.size).point([110 + int(level * 0.57) for level in range(256)])
    out = io.BytesIO()
    ImageChops.multiply(table, light).filter(ImageFilter.GaussianBlur(0.9)).save(out, "JPEG", quality=40)
    return out.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of *members*."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(_member(name), content)
    return out.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _ZIP_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _dated(package: bytes) -> bytes:
    """Return the same ZIP package with a fixed date on every member."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()})
