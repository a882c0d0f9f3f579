# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layers are off when a document is opened."""

import zlib

import pytest

from canaries.pdf import Pdf, document, shown
from safehold.model import Visibility
from safehold.reading.pages import pdf_inventory, pdf_layers


def of(catalog: str) -> frozenset[str]:
    pdf = Pdf()
    pdf.add("<</Type/OCG/Name(Plan)>>")
    pdf.add("<</Type/OCG/Name<FEFF004E006F00740065>>>")
    pdf.add("<</OFF[2 0 R]>>")
    pdf.add("[1 0 R 2 0 R]")
    pdf.add(f"<</OCGs 4 0 R{catalog}>>")
    return pdf_layers.off(pdf_inventory.of(pdf.write(pdf.add("<</Type/Catalog/OCProperties 5 0 R>>"))))


@pytest.mark.parametrize(
    ("catalog", "names"),
    [
        ("/D<</OFF[1 0 R]>>", {"Plan"}),
        ("/D 3 0 R", {"Note"}),
        ("/D<</BaseState/OFF/ON[1 0 R]>>", {"Note"}),
        ("/D<</BaseState/ON>>", set()),
        ("", set()),
        ("/D<</OFF[99 0 R 1 0 R 6 0 R]>>", {"Plan"}),
    ],
)
def test_layers_are_off_by_name_or_unless_they_are_on(catalog, names):
    assert of(catalog) == names


def test_a_layer_that_is_off_is_found_in_packed_objects(read_here):
    pdf = Pdf()
    layer = pdf.reserve()
    root, _ = document(
        pdf,
        [pdf.stream("", f"/OC /L1 BDC {shown('larkspur')} EMC\n")],
        resources=f"/Properties<</L1 {layer} 0 R>>",
        catalog=f"/OCProperties<</OCGs[{layer} 0 R]/D<</OFF[{layer} 0 R]>>>>",
    )
    packed = b"%d 0 %d 40 " % (layer, root)
    body = b"<</Type/OCG/Name(Plan)>>".ljust(40) + pdf.objects.pop(root)
    data = zlib.compress(packed + body)
    pdf.stream(f"/Type/ObjStm/N 2/First {len(packed)}/Filter/FlateDecode", data)
    numbers = [*pdf.objects]
    made = pdf.write(root)
    table = _stream_of_places(made, numbers, layer, root, max(numbers) + 1)

    read = read_here(table, "a.pdf")

    assert {s.visibility for s in read.reading.segments if "larkspur" in s.text} == {Visibility.HIDDEN_LAYER}


def _stream_of_places(made: bytes, numbers: list[int], layer: int, root: int, own: int) -> bytes:
    """Return the file with a stream for its table: only that can point into packed objects (ISO 32000-2, 7.5.8)."""
    body = made[: made.rindex(b"xref\n0 1")]
    holder = max(numbers)
    rows = []
    for number in range(own + 1):
        if number in (layer, root):
            rows.append(bytes((2, 0, 0, 0, holder, number == root)))
        else:
            at = body.find(b"%d 0 obj" % number) if number in numbers else len(body) if number == own else 0
            rows.append(bytes((1 if at > 0 else 0,)) + at.to_bytes(4, "big") + b"\0")
    data = b"".join(rows)
    head = b"<</Type/XRef/Size %d/W[1 4 1]/Root %d 0 R/Length %d>>" % (own + 1, root, len(data))
    return body + b"%d 0 obj%sstream\n%s\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % (own, head, data, len(body))
