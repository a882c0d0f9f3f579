# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that are shapes in a drawing: drawn, and recognised for who asks."""

import itertools
import struct

import pytest

from canaries.drawings import emf, record, wmf
from safehold.model import Demand, Visibility
from safehold.reading.legacy import metafile_shapes

OCR = Demand(ocr=True)
WANTED = "12 Acacia Road, Ashford"


def runs(page) -> list[tuple[int, int, int]]:
    """Every run of ink in a row: its row, where it begins and where it ends."""
    found = []
    for y in range(page.height):
        x = 0
        for is_ink, run in itertools.groupby(page.crop((0, y, page.width, y + 1)).tobytes(), lambda shade: shade < 128):
            size = len(list(run))
            if is_ink:
                found.append((y, x, x + size))
            x += size
    return found


def corners(run, by: int = 10) -> list[tuple[int, int]]:
    y, left, right = run
    return [(by * left, by * y), (by * right, by * y), (by * right, by * (y + 1)), (by * left, by * (y + 1))]


def packed(points, kind: str = "h") -> bytes:
    return b"".join(struct.pack(f"<{2}{kind}", *point) for point in points)


def polygons(shapes) -> bytes:
    return emf(*(record(86, bytes(16) + struct.pack("<I", 4) + packed(shape)) for shape in shapes))


def wide_polygons(shapes) -> bytes:
    return emf(*(record(3, bytes(16) + struct.pack("<I", 4) + packed(shape, "i")) for shape in shapes))


def several(shapes) -> bytes:
    made = []
    for at in range(0, len(shapes), 20):
        some = shapes[at : at + 20]
        head = bytes(16) + struct.pack("<II", len(some), 4 * len(some)) + struct.pack("<I", 4) * len(some)
        made.append(record(91, head + b"".join(map(packed, some))))
    return emf(*made)


def all_in_one(shapes) -> bytes:
    """All letters of a page are one shape."""
    head = bytes(16) + struct.pack("<II", len(shapes), 4 * len(shapes)) + struct.pack("<I", 4) * len(shapes)
    return emf(record(91, head + b"".join(map(packed, shapes[1:]))))


def paths(shapes) -> bytes:
    made = []
    for shape in shapes:
        made.append(record(59, b"") + record(27, packed(shape[:1], "i")))
        made += [record(54, packed([point], "i")) for point in shape[1:3]]
        made.append(
            record(89, bytes(16) + struct.pack("<I", 1) + packed(shape[3:])) + record(61, b"") + record(60, b"")
        )
    return emf(*made)


def curves(shapes) -> bytes:
    made = []
    for shape in shapes:
        points = [shape[0]]
        for point in (*shape[1:], shape[0]):
            points += [points[-1], point, point]
        made.append(record(85, bytes(16) + struct.pack("<I", len(points)) + packed(points)))
    return emf(*made)


def old_polygons(shapes) -> bytes:
    return wmf(*((0x0324, struct.pack("<H", 4) + packed(shape)) for shape in shapes))


@pytest.mark.parametrize("draw", [polygons, wide_polygons, several, all_in_one, paths, curves, old_polygons])
def test_letters_that_are_shapes_are_recognised_for_who_asks(read_here, written, draw):
    page = written(WANTED, size=24)
    ground = [(0, 0), (10 * page.width, 0), (10 * page.width, 10 * page.height), (0, 10 * page.height)]
    drawing = draw([ground, *map(corners, runs(page))])

    read = read_here(drawing, "a.emf", demand=OCR)
    assert WANTED in " ".join(" ".join(s.text.split()) for s in read.reading.segments if s.visibility is Visibility.OCR)
    assert read.problems == []
    assert read_here(drawing, "a.emf").marks == {"no_ocr"}


def test_a_shape_in_a_shape_is_a_hole():
    outer, inner = corners((0, 0, 10), 90), [(300, 30), (600, 30), (600, 60), (300, 60)]
    head = bytes(16) + struct.pack("<IIII", 2, 8, 4, 4)
    ring = record(91, head + packed(outer) + packed(inner))
    small = [corners((at, 100, 101), 90) for at in range(20)]
    assert metafile_shapes.drawn(emf(ring)) == (None, True)  # one shape is no word

    picture, _ = metafile_shapes.drawn(
        emf(ring, *(record(86, bytes(16) + struct.pack("<I", 4) + packed(one)) for one in small))
    )
    scale = 2_000 / (101 * 90)
    assert picture.getpixel((20 + int(100 * scale), 20 + int(45 * scale))) == 0
    assert picture.getpixel((20 + int(450 * scale), 20 + int(45 * scale))) == 255


def test_more_shapes_than_are_drawn_are_a_problem_for_who_asks(read_here, monkeypatch):
    drawing = polygons([corners((at, 100, 101), 90) for at in range(20)])

    for name in ("_MOST_POINTS", "_MOST_PIXELS"):
        with monkeypatch.context() as patched:
            patched.setattr(metafile_shapes, name, 40)
            assert read_here(drawing, "a.emf", demand=OCR).reasons == {"too_large"}
            assert read_here(drawing, "a.emf").problems == []


@pytest.mark.parametrize("number", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_numbers_that_lie_are_borne(number):
    four = struct.pack("<IIII", number, number, number, number) * 6
    kinds = (2, 3, 5, 6, 8, 27, 54, 59, 85, 86, 88, 89, 91, 60)
    drawing = emf(*(record(kind, four) for kind in kinds * 3)) + b""

    picture, _ = metafile_shapes.drawn(drawing)
    assert picture is None or max(picture.size) <= 2_100
    metafile_shapes.drawn(wmf((0x0324, four), (0x0538, four)))
