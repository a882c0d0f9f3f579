# SPDX-License-Identifier: GPL-3.0-or-later
"""No word of a page that pdfium or pdfminer.six finds in the corpora's files is lost."""

import io
import logging
import re

import pypdfium2
import pytest
from pdfminer.high_level import extract_text
from pdfminer.pdfparser import PDFSyntaxError
from pdfminer.psexceptions import PSException

_WORD = re.compile(r"[A-Za-z0-9]{3,}")
_HYPHEN = re.compile("[\u00ad\x02\ufffe]\r?\n?")
_FILES = (
    "documents/hmcts-nfdiv/D36.pdf",
    "documents/hmcts-prl/annex-y-letter-following-receipt-of-a-confidential-address.pdf",
    "documents/hmcts-prl/sample.pdf", "documents/format-corpus/simple.pdf", "documents/format-corpus/externalLink.pdf",
    "documents/pypdf-samples/pdflatex-forms.pdf", "documents/pypdf-samples/mistitled_outlines_example.pdf",
    "documents/tika/testPDF_twoAuthors.pdf", "documents/tika/testPDF_rotated.pdf",
    "documents/tika/testOverlappingText.pdf",
)  # fmt: skip


def squeezed(text: str) -> str:
    return "".join(text.replace("\u00ad", "").replace("\x02", "").replace("\ufffe", "").split())


@pytest.mark.parametrize("name", _FILES)
def test_every_word_that_other_readers_find_is_found(read_here, corpora, name):
    path = corpora / name
    if not path.is_file():
        pytest.skip("this file is not there")
    content = path.read_bytes()
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    document = pypdfium2.PdfDocument(content)
    others = [page.get_textpage().get_text_range() for page in document]
    document.close()
    try:
        others.append(extract_text(io.BytesIO(content), maxpages=3))
    except (PDFSyntaxError, PSException):
        others.append("")
    ours = squeezed(read_here(content, path.name).text)

    lost = [
        word
        for text in others
        for word in _WORD.findall(re.sub(r"[\u00ad\x02\ufffe]\r?\n?", "", text))
        if word not in ours
    ]

    assert len(lost) == 0
