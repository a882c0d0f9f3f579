# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognising text in pictures: what is found however the picture is held, and what one message may cost.

Words are drawn with the font that pillow brings.  Recall and cost are measured by tests/bench/bench_ocr.py.
"""

import io
import subprocess
import sys
import zipfile

import pytest
from PIL import Image, ImageChops

from safehold.model import Demand, PlaceKind, Visibility
from safehold.reading.limits import Limits
from safehold.reading.pictures import images, ocr
from safehold.reading.pool import ReaderPool

OCR = Demand(ocr=True)
LINES = (
    "Dear Sir or Madam,\n"
    "thank you for your letter of the second of June.\n"
    "Ms Quill has moved to 12 Acacia Road, Ashford,\n"
    "and would like her post to be sent there from now on.\n"
    "Her telephone number has not changed since last year.\n"
    "Please tell the school as well before the summer term.\n"
    "We will write to you again when the review has been held.\n"
    "Yours faithfully, the housing office of the council"
)
WANTED = ("12 Acacia Road, Ashford", "telephone number has not changed", "housing office of the council")


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def found(text: str) -> bool:
    flat = " ".join(text.split())
    return all(wanted in flat for wanted in WANTED)


def in_shadow(page: Image.Image) -> Image.Image:
    shade = Image.linear_gradient("L").resize(page.size).point([70 + int(level * 0.72) for level in range(256)])
    return ImageChops.multiply(page, shade)


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(lambda page: page, id="as it is"),
        pytest.param(lambda page: page.rotate(8, expand=True, fillcolor=255), id="tilted one way"),
        pytest.param(lambda page: page.rotate(-14, expand=True, fillcolor=255), id="tilted the other way"),
        pytest.param(lambda page: page.transpose(Image.Transpose.ROTATE_90), id="sideways"),
        pytest.param(lambda page: page.transpose(Image.Transpose.ROTATE_180), id="upside down"),
        pytest.param(lambda page: page.transpose(Image.Transpose.ROTATE_270), id="sideways the other way"),
        pytest.param(lambda page: page.rotate(95, expand=True, fillcolor=255), id="sideways and tilted"),
        pytest.param(ImageChops.invert, id="white on black"),
        pytest.param(in_shadow, id="half in shadow"),
        pytest.param(
            lambda page: page.point([60 + level // 8 for level in range(256)]), id="hardly darker than its ground"
        ),
    ],
)
def test_a_page_is_read_however_it_is_held(written, held):
    recognised = ocr.recognise(held(written(LINES, size=28)), 60)

    assert found(recognised.text)
    assert recognised.complete
    assert not recognised.illegible


@pytest.mark.parametrize("angle", [-20, -11, -8, 8, 14, 20])
def test_a_sheet_that_lies_askew_on_a_table_is_set_straight(written, angle):
    """What is around the sheet is darker than it and must not be taken for lines that lie straight."""
    sheet = written(LINES, size=28, picture=(1000, 1300), ink=20, paper=240)
    on_table = sheet.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=90)

    recognised = ocr.recognise(on_table, 60)

    assert found(recognised.text)
    assert not recognised.illegible


def test_light_panels_beside_dark_ones_are_read_as_they_are(written):
    """Dividing by the background would wipe out what is light on dark."""
    few = "\n".join(LINES.split("\n")[:3])
    light, dark = written(few, size=28), written(few.replace("Acacia", "Birch"), size=28, ink=220, paper=40)
    both = Image.new("L", (light.width, 2 * light.height), 255)
    both.paste(light, (0, 0))
    both.paste(dark, (0, light.height))

    text = " ".join(ocr.recognise(both, 60).text.split())

    assert "12 Acacia Road" in text
    assert "12 Birch Road" in text


def test_a_line_that_was_cut_out_closely_is_read(written):
    line = written("27 Larkspur Lane, Westmere", size=26)
    box = ImageChops.invert(line).getbbox()

    assert "27 Larkspur Lane, Westmere" in ocr.recognise(line.crop(box), 60).text


def test_noise_says_nothing_and_is_no_illegible_writing():
    recognised = ocr.recognise(Image.effect_noise((900, 700), 120), 60)

    assert len(recognised.text) < 40
    assert not recognised.illegible


def test_writing_that_is_too_small_to_be_made_out_is_illegible(written):
    page = written(f"{LINES}\n{LINES}", size=28)
    blurred = page.resize((page.width // 6, page.height // 6), Image.Resampling.BOX)
    recognised = ocr.recognise(blurred.resize((blurred.width * 2, blurred.height * 2)), 60)

    assert recognised.illegible


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["ae", "fA", "rY", "n=", "iieS", "tO", "~", "WS-'"] * 6, id="odd words"),
        pytest.param([], id="no words"),
    ],
)
def test_lines_that_come_out_as_no_words_are_illegible(monkeypatch, written, words):
    """However sure Tesseract is of them: it is as sure of a page that lies askew."""

    def read(picture, ends, *, loose=False):
        found = tuple(ocr._Word(word, (0, 0, 9, 9), 88.0, begins_line=False) for word in words)
        return ocr._Attempt(" ".join(words), picture, found)

    monkeypatch.setattr(ocr, "_read", read)

    assert ocr.recognise(written(LINES, size=28), 60).illegible
    assert not ocr.recognise(written("Riverbank", size=60), 60).illegible


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(Image.effect_noise((1200, 900), 90), id="noise"),
        pytest.param(Image.radial_gradient("L").resize((1200, 900)), id="a spot of light"),
        pytest.param(Image.new("L", (1200, 900), 190), id="one colour"),
    ],
)
def test_what_has_no_lines_is_given_up_without_asking_tesseract(monkeypatch, picture):
    monkeypatch.setattr(ocr, "_read", lambda *_, **__: pytest.fail("recognised"))
    recognised = ocr.recognise(picture, 60)

    assert recognised == ocr.Recognised(tried=False)


def test_where_time_runs_out_what_was_read_stays(written):
    recognised = ocr.recognise(written(LINES, size=28), 0.0)

    assert not recognised.complete
    assert recognised.text == ""


# -- in a message ---------------------------------------------------------------------------------------------------


def test_what_was_recognised_is_labelled_so(read_here, written):
    read = read_here(png(written(LINES, size=28)), "a.png", demand=OCR)

    (segment,) = [segment for segment in read.reading.segments if segment.visibility is Visibility.OCR]
    assert found(segment.text)
    assert (segment.place.kind, segment.place.number) == (PlaceKind.TEXT, None)
    assert read.problems == []
    assert read.marks == set()


def test_without_need_nothing_is_recognised(read_here, written, monkeypatch):
    monkeypatch.setattr(ocr, "recognise", lambda *_: pytest.fail("recognised"))
    read = read_here(png(written(LINES, size=28)), "a.png")

    assert read.marks == {"no_ocr"}
    assert read.problems == []


def test_a_picture_without_words_was_looked_at_and_is_no_problem(read_here):
    read = read_here(png(Image.new("L", (800, 600), 190)), "a.png", demand=OCR)

    assert read.marks == {"no_words"}
    assert read.problems == []


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (Limits(ocr_pages=0), ("no_text", "more pictures than are recognised in one message")),
        (Limits(ocr_s=0.0), ("timed_out", "recognising pictures took longer than it may")),
        (Limits(ocr_page_s=0.0), ("timed_out", "recognising pictures took longer than it may")),
        (Limits(picture_pixels=1000), ("too_large", "a picture has more pixels than the limit")),
    ],
)
def test_a_picture_over_the_budget_is_a_problem(read_here, written, limits, problem):
    read = read_here(png(written(LINES, size=28)), "a.png", demand=OCR, limits=limits)

    assert [(each.reason.value, each.detail) for each in read.reading.problems] == [problem]


def test_one_budget_counts_over_all_pictures_of_a_message(read_here, monkeypatch):
    """A large picture is one page of it, a small one a share."""
    monkeypatch.setattr(ocr, "recognise", lambda *_: ocr.Recognised("words"))
    monkeypatch.setattr(ocr, "is_promising", lambda _: True)
    large = [Image.effect_noise((2000, 2100), strength) for strength in (40, 60, 80, 100)]
    small = [Image.effect_noise((300, 200), strength) for strength in range(40, 50)]

    def read_frames(frames: list[Image.Image]):
        out = io.BytesIO()
        frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
        read = read_here(out.getvalue(), "a.tif", demand=OCR, limits=Limits(ocr_pages=2))
        return len(read.texts(PlaceKind.PAGE, Visibility.OCR)), read.problems

    assert read_frames(large) == (2, [("a.tif", "no_text")])
    assert read_frames(small) == (10, [])


def test_dark_panels_beside_light_ones_are_read_with_what_is_written_on_them(written):
    """Evening the light takes the panel for a shadow, and what is on it away."""
    page = Image.new("L", (1400, 1000), 255)
    page.paste(written(LINES, size=28, picture=(1400, 500)), (0, 0))
    page.paste(written("Ask for Quillfeather", size=28, ink=235, paper=40, picture=(700, 500)), (0, 500))
    recognised = ocr.recognise(page, 60)

    assert "Quillfeather" in recognised.text
    assert LINES.split("\n", maxsplit=1)[0] in recognised.text


@pytest.mark.parametrize(
    "picture", [Image.new("L", (256, 256), 90), Image.effect_noise((256, 256), 60)], ids=["flat", "noise"]
)
def test_a_thumbnail_without_writing_is_not_even_enlarged(read_here, monkeypatch, picture):
    monkeypatch.setattr(images, "_at_reading_size", lambda _: pytest.fail("enlarged"))
    out = io.BytesIO()
    picture.save(out, "PNG")

    assert read_here(out.getvalue(), "a.png", demand=OCR).marks == {"no_words"}


@pytest.mark.parametrize("size", [9, 12, 18])
@pytest.mark.parametrize("angle", [0, 8, -35])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (120, 255)])
def test_small_writing_is_worth_a_look_however_it_lies(written, size, angle, ink, paper):
    page = written("Ask for Quillfeather", size=size, ink=ink, paper=paper)

    assert ocr.is_promising(page.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=paper))


def test_pictures_without_writing_leave_the_budget_to_a_letter(read_here, written):
    frames = [Image.effect_noise((2000, 2100), strength) for strength in (40, 60, 80)]
    frames.append(written(LINES, size=28, picture=(2000, 2100)))
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    read = read_here(out.getvalue(), "a.tif", demand=OCR, limits=Limits(ocr_pages=1))

    assert found("\n".join(read.texts(PlaceKind.PAGE, Visibility.OCR)))
    assert read.problems == []
    assert read.marks == {"no_words"}


def test_the_same_picture_twice_is_recognised_once(read_here, written, monkeypatch):
    calls = []
    monkeypatch.setattr(ocr, "recognise", lambda *_: calls.append(1) or ocr.Recognised("a logo's words"))
    frames = [written("Riverbank", size=60)] * 5
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    read = read_here(out.getvalue(), "a.tif", demand=OCR)

    assert len(calls) == 1
    assert read.texts(PlaceKind.PAGE, Visibility.OCR) == ["a logo's words"] * 5


@pytest.mark.parametrize("size", [(199, 500), (500, 79)])
def test_a_logo_is_never_a_problem(read_here, size):
    logo = png(Image.effect_noise(size, 90))

    assert read_here(logo, "a.png", demand=OCR).problems == []
    assert read_here(logo, "a.png", demand=OCR, limits=Limits(ocr_pages=0)).problems == []
    assert read_here(logo, "a.png", demand=OCR, limits=Limits(ocr_pages=0)).marks == {"no_ocr"}
    assert read_here(logo[:-40], "a.png", demand=OCR).problems == []


def test_small_pictures_leave_enough_of_the_budget_for_a_letter(read_here, written, monkeypatch):
    monkeypatch.setattr(ocr, "recognise", lambda *_: ocr.Recognised("words"))
    frames = [Image.effect_noise((60, 60), strength) for strength in range(20, 120)]
    logo, packed = io.BytesIO(), io.BytesIO()
    frames[0].save(logo, "TIFF", save_all=True, append_images=frames[1:])
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("logo.tif", logo.getvalue())
        archive.writestr("letter.png", png(written(LINES, size=28)))
    read = read_here(packed.getvalue(), "a.zip", demand=OCR, limits=Limits(ocr_pages=1))

    assert read.texts(visibility=Visibility.OCR, part="a.zip/letter.png") == ["words"]
    assert read.problems == []
    assert read.marks == {"no_ocr"}


def test_without_the_engine_pictures_are_a_problem_and_the_rest_is_read(read_here, written, monkeypatch):
    monkeypatch.setattr(ocr, "_loaded", lambda: "tesserocr is not installed")
    read = read_here(png(written(LINES, size=28)), "a.png", demand=OCR)

    assert ocr.available() == "tesserocr is not installed"
    assert [(each.reason.value, each.detail) for each in read.reading.problems] == [
        ("no_text", "a picture was not recognised: text recognition is not installed")
    ]
    assert read_here(b"plain words", "a.txt", demand=OCR).problems == []


@pytest.mark.parametrize(
    ("hide", "said"),
    [
        ("import sys; sys.modules['tesserocr'] = None", "tesserocr is not installed"),
        ("from safehold.reading.pictures import ocr; ocr._DATA = ('/nowhere/*',)", "tesseract-ocr-eng"),
    ],
)
def test_what_is_missing_is_said_in_words(hide, said):
    asked = f"{hide}\nfrom safehold.reading.pictures import ocr\nprint(ocr.available())"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said in answer.stdout


def test_recognising_makes_no_thread(written):
    counted = (
        "from pathlib import Path\nfrom PIL import Image\nfrom safehold.reading.pictures import ocr\n"
        "ocr.load()\nocr.recognise(Image.effect_noise((700, 500), 90), 60)\n"
        "print(len(list(Path('/proc/self/task').iterdir())))"
    )
    answer = subprocess.run([sys.executable, "-c", counted], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "1"


def test_a_worker_behind_its_walls_can_recognise_and_a_picture_may_take_longer_than_a_part(written):
    with ReaderPool(1, Limits(part_s=0.01, ocr_page_s=60, ocr_s=100, deadline_dear_s=110)) as pool:
        reading = pool.read(png(written(LINES, size=28)), document_name="a.png", demand=OCR)

    assert [problem.reason for problem in reading.problems] == []
    assert found("\n".join(s.text for s in reading.segments if s.visibility is Visibility.OCR))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("tesseract/phototest.tif", "The quick brown dog jumped over the lazy fox"),
        ("tesseract/phototestrot.tif", "The quick brown dog jumped over the lazy fox"),
        ("tesseract/phototest-rotated-R.png", "The quick brown dog jumped over the lazy fox"),
        ("tika/testOCR.jpg", "OCR Testing"),
        ("tika/testRotated_10.png", "Humanity declared vicinity continue supplied"),
    ],
)
def test_pictures_of_other_projects_are_read(read_here, corpora, path, words):
    file = corpora / "documents" / path
    patient = Limits(ocr_page_s=100.0, ocr_s=100.0)  # the machine may be busy
    read = read_here(file.read_bytes(), file.name, demand=OCR, limits=patient)

    assert words in " ".join(" ".join(s.text.split()) for s in read.reading.segments if s.visibility is Visibility.OCR)
    assert read.problems == []
