# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading pictures costs and finds: CPU seconds, words and addresses, over ten invented letters held in many ways.

    python tests/bench/bench_ocr.py [--letters 10] [--json FILE]

Every letter is set by reportlab, drawn by pdfium and then maltreated by pillow as scanners, telephones and screens do;
it is read as an attachment would be, decoding included.  "recall" is the share of the letter's words that come back,
"found" how many of the letters' addresses `detect.people` finds in what was read (every letter names one person's, and
half of the postcodes are made of characters that look like others).
"""

import argparse
import io
import json
import random
import re
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfgen import canvas

from safehold.detect import people
from safehold.model import Demand, Reading
from safehold.reading.limits import Limits
from safehold.reading.pictures import ocr
from safehold.reading.sandbox import worker
from safehold.reading.wire import Hearing, Job, Unpacker
from safehold.register.index import Register
from safehold.register.people import from_record

WORDS = """
    the of and to a in that is was for on with as by at from this have be are not which has had will were all their
    meeting report team family review plan school visit week month year please call letter office support worker
    health service council review house road street before after between during letter contact child parent agreed
    discussed attached summary notes actions next previous progress concerns positive attended arranged confirmed
    Thursday Monday June morning afternoon number address details information request response follow update
""".split()  # noqa: SIM905 - read as text, so written as text
STREETS = tuple("Larch Birch Mill Church Station Orchard Quay Heron Tanner Cooper Meadow Bridge Glebe".split())  # noqa: SIM905
KINDS = tuple("Road Street Lane Avenue Close Way Row Walk Terrace Mews".split())  # noqa: SIM905
TOWNS = tuple("Penfold Oldbridge Westmere Northwell Eastholm Tarnfield Riverbank Fenmoor".split())  # noqa: SIM905
POSTCODES = (
    "PF7 3QX",
    "DV4 9WT",
    "GF3 1LD",
    "TN99 9ZZ",
    "PF2 8HD",
    "OX0 5SS",
    "S10 0BI",
    "BI5 8OZ",
    "PF2 4NB",
    "DV4 2PA",
)
FONTS = (
    ("Helvetica", 11), ("Times-Roman", 11), ("Courier", 10), ("Helvetica", 9), ("Times-Roman", 12),
    ("Helvetica-Bold", 10), ("Times-Italic", 11), ("Helvetica", 10), ("Times-Roman", 10), ("Courier", 11),
)  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """A letter, and the address that is in it."""

    number: int
    text: str
    address: str
    font: tuple[str, int]


def make_letter(number: int) -> Letter:
    """Return letter *number*: an address block in half of them, the address in a sentence in the others."""
    rng = random.Random(number)

    def sentence() -> str:
        words = [rng.choice(WORDS) for _ in range(rng.randint(6, 16))]
        return f"{words[0].capitalize()} {' '.join(words[1:])}."

    lines = (
        f"{rng.randint(1, 150)} {rng.choice(STREETS)} {rng.choice(KINDS)}",
        rng.choice(TOWNS),
        POSTCODES[number % len(POSTCODES)],
    )
    paragraphs = ["Riverbank Council, PO Box 20, Riverbank", f"Re: our file 2025/{rng.randint(100, 999)}"]
    paragraphs += [" ".join(sentence() for _ in range(rng.randint(3, 6))) for _ in range(7)]
    if number % 2:
        paragraphs.insert(2, "\n".join(lines))
    else:
        paragraphs[4] += f" She now lives at {', '.join(lines)} and {sentence()}"
    return Letter(number, "\n\n".join(paragraphs), ", ".join(lines), FONTS[number % len(FONTS)])


def drawn(letter: Letter, dpi: int, points: int = 0) -> Image.Image:
    """Return the letter as a grey page of A4."""
    font, size = letter.font[0], points or letter.font[1]
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4, invariant=1)
    text = paper.beginText(60, A4[1] - 70)
    text.setFont(font, size, leading=size * 1.35)
    for paragraph in letter.text.split("\n"):
        for line in simpleSplit(paragraph, font, size, A4[0] - 120) or [""]:
            text.textLine(line)
    paper.drawText(text)
    paper.save()
    document = pypdfium2.PdfDocument(out.getvalue())
    picture = document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L").copy()
    document.close()
    return picture


def noisy(picture: Image.Image, strength: float) -> Image.Image:
    """Return the picture with a sensor's noise."""
    return ImageChops.add(picture, Image.effect_noise(picture.size, strength), 1, -128)


def scanned(letter: Letter, tilt: float = 0.7, dpi: int = 200) -> Image.Image:
    """Return what a worn office scanner makes of it."""
    page = drawn(letter, dpi).rotate(tilt, Image.Resampling.BICUBIC, expand=abs(tilt) > 2, fillcolor=255)
    return noisy(page.filter(ImageFilter.GaussianBlur(0.8)), 14)


def photographed(letter: Letter) -> Image.Image:
    """Return twelve megapixels of a letter on a rough table, not quite from above, half in shadow."""
    size = (3000, 4000)
    table = Image.effect_noise(size, 40).point([level // 2 for level in range(256)])
    table.paste(drawn(letter, 340).resize((2500, 3536), Image.Resampling.BICUBIC), (250, 232))
    askew = (1.0, 0.06, -120, 0.02, 1.03, -60, 0.00002, 0.00001)
    table = table.transform(size, Image.Transform.PERSPECTIVE, askew, Image.Resampling.BICUBIC)
    light = Image.linear_gradient("L").resize(size).point([90 + int(level * 0.65) for level in range(256)])
    return noisy(ImageChops.multiply(table.filter(ImageFilter.GaussianBlur(1.6)), light), 12)


def packed(picture: Image.Image, name: str) -> tuple[str, bytes]:
    """Return the picture as a file of that name."""
    out = io.BytesIO()
    if name.endswith("jpg"):
        picture.save(out, "JPEG", quality=75 if picture.width > 2400 else 40)
    elif name.endswith("png"):
        picture.save(out, "PNG")
    elif name.endswith("tif"):
        picture.convert("1").save(out, "TIFF", compression="group4", dpi=(200, 200))
    else:
        paper = canvas.Canvas(out, pagesize=A4, invariant=1)
        paper.drawImage(ImageReader(picture), 0, 0, *A4)
        paper.setFont("Helvetica", 8)
        paper.drawString(60, A4[1] - 20, "IN THE FAMILY COURT AT RIVERBANK   Case PF25C00123   Page 31 of 456")
        paper.save()
    return name, out.getvalue()


# A fax machine knows black and white only.
FAX = [255 if level > 150 else 0 for level in range(256)]

WAYS: dict[str, Callable[[Letter], tuple[str, bytes]]] = {
    "clean, 200 dpi, PNG": lambda letter: packed(drawn(letter, 200), "a.png"),
    "scan, JPEG q40": lambda letter: packed(scanned(letter), "a.jpg"),
    "scan, fax TIFF G4": lambda letter: packed(scanned(letter).filter(ImageFilter.MedianFilter(3)).point(FAX), "a.tif"),
    "scan in a PDF, stamped line": lambda letter: packed(scanned(letter), "a.pdf"),
    "scan, tilted 8 degrees": lambda letter: packed(scanned(letter, 8), "a.jpg"),
    "scan, upside down": lambda letter: packed(scanned(letter, 180.7), "a.jpg"),
    "scan, sideways": lambda letter: packed(scanned(letter, 90.7), "a.jpg"),
    "photograph, 12 megapixels": lambda letter: packed(photographed(letter), "a.jpg"),
    "screen, 96 dpi, PNG": lambda letter: packed(drawn(letter, 96), "a.png"),
    "screen, white on black": lambda letter: packed(ImageChops.invert(drawn(letter, 96)), "a.png"),
    "print of 6 points, scan": lambda letter: packed(noisy(drawn(letter, 200, 6), 10), "a.jpg"),
}


def read(name: str, content: bytes) -> Reading:
    """Return the reading of a document, without processes."""
    # A busy machine takes longer: that would be told as a problem here, and is not what is measured.
    limits = Limits(ocr_page_s=120.0, ocr_s=300.0)
    hearing, unpacker = Hearing(limits), Unpacker()

    def send(data: bytes) -> None:
        for frame in unpacker.feed(data):
            hearing.take(frame)

    worker.read(Job(name, Demand(ocr=True)), content, limits, send)
    return hearing.reading()


def recall(wanted: str, got: str) -> float:
    """Return the share of the words of *wanted* that are in *got*."""
    one, other = (Counter(re.findall(r"[a-z0-9]{2,}", text.lower())) for text in (wanted, got))
    return (one & other).total() / one.total()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if ocr.available():
        sys.exit(ocr.available())
    letters = [make_letter(number) for number in range(options.letters)]
    register = Register.build(
        from_record(
            {
                "id": f"P-{letter.number}",
                "register": "r",
                "values": [{"kind": "address", "value": letter.address}],
                "adverse": [{"id": "F-1", "emails": ["him@mail.test"]}],
            }
        )
        for letter in letters
    )
    rows = []
    print(f"{'':30}{'cpu s':>8}{'max':>6}{'recall':>8}{'least':>7}{'found':>8}{'problems':>10}")
    for way, make in WAYS.items():
        seconds, shares, found, problems = [], [], 0, 0
        for letter in letters:
            name, content = make(letter)
            started = time.process_time()
            reading = read(name, content)
            seconds.append(time.process_time() - started)
            shares.append(recall(letter.text, "\n".join(segment.text for segment in reading.segments)))
            search = people.search(
                reading.segments, register, scope=frozenset({f"P-{letter.number}"}), whole=frozenset()
            )
            found += bool(search.findings)
            problems += len(reading.problems)
        row = {
            "way": way, "cpu_s": statistics.mean(seconds), "cpu_s_max": max(seconds), "recall": statistics.mean(shares),
            "recall_min": min(shares), "found": found, "of": len(letters), "problems": problems,
        }  # fmt: skip
        rows.append(row)
        print(
            f"{way:30}{row['cpu_s']:8.2f}{row['cpu_s_max']:6.2f}{row['recall']:8.3f}{row['recall_min']:7.3f}"
            f"{found:5}/{len(letters)}{problems:10}",
            flush=True,
        )
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
