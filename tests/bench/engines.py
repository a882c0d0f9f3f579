# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers that ``bench_reading.py`` compares, each in a process of its own.

safehold      our readers, as a worker runs them, without the hop (that is measured apart)
kreuzberg     Rust, pdfium inside            \\  the optional extra "bench"; left out, with a word, where they are
extractous    Apache Tika, compiled          /   not installed
plain         the libraries one would take: python-docx, pdfminer.six, openpyxl, python-pptx, stdlib email
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENGINES = ("safehold", "kreuzberg", "extractous", "plain")
PER_FILE_S = 20.0
PER_ENGINE_S = 240.0

Read = Callable[[Path, bool], str]


def engine(name: str) -> Read:
    """Return what reads a file into one text, with recognition of pictures or without.

    That is ours to say only: the others recognise what they recognise.

    Raises:
        ImportError: The engine is not installed.
    """
    return {"safehold": _safehold, "kreuzberg": _kreuzberg, "extractous": _extractous, "plain": _plain}[name]()


def _safehold() -> Read:
    from safehold.model import Demand
    from safehold.reading.limits import Limits
    from safehold.reading.sandbox import worker, zygote
    from safehold.reading.wire import Hearing, Job, Unpacker

    zygote.import_everything()
    limits = Limits()

    def read(path: Path, recognised: bool) -> str:
        hearing, unpacker = Hearing(limits), Unpacker()

        def send(data: bytes) -> None:
            for frame in unpacker.feed(data):
                hearing.take(frame)

        name = None if path.suffix in (".eml", ".mbox") else path.name
        worker.read(Job(name, Demand(ocr=recognised)), path.read_bytes(), limits, send)
        return "\n".join(segment.text for segment in hearing.reading().segments)

    return read


def _kreuzberg() -> Read:
    import kreuzberg

    return lambda path, _: kreuzberg.extract_file_sync(path).content


def _extractous() -> Read:
    import extractous

    reader = extractous.Extractor()
    reader.set_extract_string_max_length(4_000_000)

    def read(path: Path, _: bool) -> str:
        found = reader.extract_file_to_string(str(path))
        return str(found[0] if isinstance(found, tuple) else found)

    return read


def _plain() -> Read:
    import email
    import email.policy

    import docx
    import openpyxl
    import pptx
    from pdfminer.high_level import extract_text

    def mail(path: Path) -> str:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        texts = [str(message.get("subject", ""))]
        for part in message.walk():
            if part.get_content_maintype() == "text":
                texts.append(part.get_content())
            texts.append(part.get_filename() or "")
        return "\n".join(texts)

    def word(path: Path) -> str:
        made = docx.Document(str(path))
        rows = (row for table in made.tables for row in table.rows)
        texts = [paragraph.text for paragraph in made.paragraphs]
        return "\n".join([*texts, *(cell.text for row in rows for cell in row.cells)])

    def sheets(path: Path) -> str:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return "\n".join(
            str(value)
            for sheet in book
            for row in sheet.iter_rows(values_only=True)
            for value in row
            if value is not None
        )

    def slides(path: Path) -> str:
        shapes = (shape for slide in pptx.Presentation(str(path)).slides for shape in slide.shapes)
        return "\n".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)

    table = {
        ".eml": mail,
        ".docx": word,
        ".xlsx": sheets,
        ".pptx": slides,
        ".pdf": lambda path: extract_text(str(path)),
    }

    def read(path: Path, _: bool) -> str:
        reader = table.get(path.suffix.lower())
        if reader is None:
            raise NotImplementedError
        return str(reader(path))

    return read


def serve(name: str) -> None:
    """Read the files named on standard input, a JSON list a line; for each print its text and the CPU time it took."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what engines print is none of ours
    read = engine(name)
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        path, recognised = json.loads(line)
        before = time.process_time()
        try:
            answer = {"text": read(Path(path), recognised)}
        except NotImplementedError:
            answer = {"skipped": True}
        except BaseException as failure:  # what an engine cannot read is a result
            answer = {"failed": type(failure).__name__}
        answer["ms"] = (time.process_time() - before) * 1000
        print(json.dumps(answer), file=out, flush=True)


class Engine:
    """One engine in its process; started again after a file that killed or hung it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[str] | None = None
        self.spent = 0.0  # seconds, of the minutes it has

    def read(self, path: Path, *, recognised: bool = False) -> dict[str, Any]:
        """Return ``text`` and ``ms``, or ``failed``, ``skipped`` or ``late``."""
        if self.spent > PER_ENGINE_S:
            return {"late": True}
        started = time.monotonic()
        try:
            process = self._process or self.start()
            assert process.stdin is not None
            process.stdin.write(json.dumps([str(path), recognised]) + "\n")
            process.stdin.flush()
            return self._answer(process, PER_FILE_S)
        except (OSError, EOFError):
            self.stop()
            return {"failed": "died"}
        except TimeoutError:
            self.stop()
            return {"failed": "hung", "ms": PER_FILE_S * 1000}
        finally:
            self.spent += time.monotonic() - started

    def start(self) -> subprocess.Popen[str]:
        """Start the process and wait until it can read.

        Raises:
            EOFError: The engine is not installed.
            TimeoutError: It does not come up.
        """
        self._process = subprocess.Popen(
            [sys.executable, __file__, self.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer(self._process, 60)
        return self._process

    def _answer(self, process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], seconds)[0]:
            raise TimeoutError
        line = process.stdout.readline()
        if not line:
            raise EOFError
        return dict(json.loads(line))

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


if __name__ == "__main__":
    serve(sys.argv[1])
