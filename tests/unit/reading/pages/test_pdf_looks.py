# SPDX-License-Identifier: GPL-3.0-or-later
"""What a viewer shows beside the content of a page."""

import pytest

from canaries.pdf import Pdf, document, shown
from safehold.model import PlaceKind, Visibility

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
FORM = f"/Type/XObject/Subtype/Form/BBox[0 0 300 50]/Resources<</Font<</F1 {FONT}>>>>"


@pytest.mark.parametrize(
    ("annotation", "visibility"),
    [
        ("/AP<</N {look} 0 R>>", Visibility.VISIBLE),
        ("/AP {holder} 0 R", Visibility.VISIBLE),
        ("/AS/On/AP<</N<</On {look} 0 R>>>>", Visibility.VISIBLE),
        ("/AS/Off/AP<</N<</On {look} 0 R>>>>", Visibility.HIDDEN),
        ("/AP<</D {look} 0 R>>", Visibility.HIDDEN),
        ("/F 2/AP<</N {look} 0 R>>", Visibility.HIDDEN),
        ("/F 36/AP<</N {look} 0 R>>", Visibility.HIDDEN),
        ("/F 4/AP<</N {look} 0 R>>", Visibility.VISIBLE),
    ],
)
@pytest.mark.parametrize("inline", [True, False], ids=["in the page", "by itself"])
def test_the_normal_look_of_an_annotation_is_shown_unless_its_flags_hide_it(read_here, annotation, visibility, inline):
    pdf = Pdf()
    look = pdf.stream(FORM, shown("larkspur", 5, 5))
    holder = pdf.add(f"<</N {look} 0 R>>")
    made = f"<</Type/Annot/Subtype/Stamp/Rect[50 50 300 90]{annotation.format(look=look, holder=holder)}>>"
    listed = made if inline else f"{pdf.add(made)} 0 R"
    root, _ = document(pdf, [pdf.stream("", shown("plain words"))], page=f"/Annots[{listed}]")

    read = read_here(pdf.write(root), "a.pdf")

    kind = PlaceKind.PAGE if visibility is Visibility.VISIBLE else PlaceKind.METADATA
    found = {(s.place.kind, s.visibility) for s in read.reading.segments if "larkspur" in s.text}
    assert found == {(kind, visibility)}
