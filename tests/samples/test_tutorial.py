# SPDX-License-Identifier: GPL-3.0-or-later
"""`docs/writing-a-policy.md` is a transcript: its files are written, its commands run, their output is what it shows.

PYTHONPATH=milter python tests/samples/test_tutorial.py          writes the output of today's commands into it
"""

import base64
import io
import os
import re
import shlex
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from unittest import mock

import pytest

from safehold.cli import main

DOCUMENT = Path(__file__).parent.parent.parent / "docs/writing-a-policy.md"
# "(file: `path`)" before a block says that the block is that file.
BLOCK = re.compile(r"(?:\(file: `(?P<path>[^`]+)`\)\n\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
# The smallest picture there is.
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def prepare(folder: Path) -> None:
    """Put there what the author has before she begins: a photo, a locked archive, and a mail that was sent."""
    (folder / "policies/tests").mkdir(parents=True)
    (folder / "sent").mkdir()
    (folder / "policies/tests/photo.png").write_bytes(PHOTO)
    locked = DOCUMENT.parent.parent / "policies/tests/fixtures/locked.zip"
    (folder / "policies/tests/locked.zip").write_bytes(locked.read_bytes())
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "taxis@council.example", "newsdesk@herald.example", "As you asked"
    mail["Date"], mail["Message-ID"] = "Mon, 02 Nov 2026 09:41:00 +0000", "<1@council.example>"
    mail.set_content("The drivers of rank 4, as you asked.\n")
    for number in (1, 2):
        mail.add_attachment(PHOTO, maintype="image", subtype="png", filename=f"badge {number}.png")
    (folder / "sent/photos.eml").write_bytes(mail.as_bytes())


def run(command: str) -> str:
    """Return what a command writes, in the folder we are in."""
    words = shlex.split(command.removeprefix("$ "))
    assert words[0] == "safehold", command
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    settings = {"COLUMNS": "110", "XDG_STATE_HOME": str(Path.cwd() / ".state")}
    with redirect_stdout(out), redirect_stderr(out), mock.patch.dict(os.environ, settings):
        main(words[1:])
    out.seek(0)
    return re.sub(r"\d+(?:\.\d+)? s, \d+ a second", "2 s, 1 a second", out.read())  # this machine's, today's


def played(text: str, folder: Path) -> str:
    """Return the document as it is when its files are written and its commands run in *folder*."""
    prepare(folder)
    with chdir(folder):
        return BLOCK.sub(_play, text)


def _play(block: re.Match[str]) -> str:
    if block["path"]:
        Path(block["path"]).write_text(block["text"], encoding="utf-8")
    if block["language"] != "console":
        return block[0]
    commands = [line for line in block["text"].splitlines() if line.startswith("$ ")]
    return "```console\n" + "\n".join(f"{command}\n{run(command).rstrip()}" for command in commands) + "\n```"


@pytest.mark.enable_socket
def test_the_tutorial_shows_what_its_commands_say(tmp_path: Path):
    text = DOCUMENT.read_text(encoding="utf-8")

    assert played(text, tmp_path) == text


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        DOCUMENT.write_text(played(DOCUMENT.read_text(encoding="utf-8"), Path(place)), encoding="utf-8")
