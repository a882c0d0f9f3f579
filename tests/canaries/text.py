# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text files: every charset a PC writes, and text where nobody scrolls to."""

from canaries.core import ANY, Canary, Words

FORMAT = "text"


def build() -> list[Canary]:
    """Return text files."""
    made: list[Canary] = []

    def file(title: str, make, name: str = "a.txt") -> None:
        w = Words(FORMAT, title)
        made.append(w.file(make(w), name))

    for title, codec in (
        ("UTF-8", "utf-8"),
        ("UTF-8 with mark", "utf-8-sig"),
        ("UTF-16 with mark", "utf-16"),
        ("UTF-32 with mark", "utf-32"),
        ("UTF-16 little-endian without mark", "utf-16-le"),
        ("UTF-16 big-endian without mark", "utf-16-be"),
        ("Windows-1252", "cp1252"),
        ("Mac Roman", "mac_roman"),
    ):
        file(title, lambda w, codec=codec: f"café £100 {w('text')}\r\nsecond line of words\r\n".encode(codec))
    file(
        "UTF-16 with the mark of UTF-32", lambda w: b"\xff\xfe\0\0" + f"words {w('text', ANY)}\r\n".encode("utf-16-le")
    )
    file("long lines", lambda w: ("x" * 300_000 + " " + w("end of a long line") + "\n").encode())
    file("far to the right", lambda w: (" " * 50_000 + w("behind blanks")).encode())
    file("far below", lambda w: ("\r\n" * 50_000 + w("below blank lines")).encode())
    file("control characters", lambda w: f"a\x0c{w('after a form feed')}\x1a{w('after control-Z')}\x07".encode())
    file("zeros", lambda w: (w("before zeros", ANY) + "\x00" * 500 + w("after zeros", ANY)).encode())
    file(
        "zeros between words", lambda w: f"words of text {w('before', ANY)}\x00\x00{w('after', ANY)} and more".encode()
    )
    file("line ends of all kinds", lambda w: f"{w('CR')}\r{w('LF')}\n{w('NEL')}\x85{w('PS')}\u2029end".encode())
    file("quoted", lambda w: f"> {w('quoted')}\n>> {w('quoted twice')}\n".encode())
    file("source", lambda w: f"/* {w('comment')} */ int main; // {w('line comment')}\n".encode(), "a.c")
    file("settings", lambda w: f"[a]\nkey = {w('value')}\n; {w('comment')}\n".encode(), "a.ini")
    file("json", lambda w: f'{{"key": "{w("value")}", "{w("name of a key")}": 1}}'.encode(), "a.json")
    file(
        "xml",
        lambda w: (
            f'<?xml version="1.0"?><!-- {w("comment", ANY)} --><a b="{w("attribute", ANY)}">{w("element", ANY)}'
            f"<![CDATA[{w('CDATA', ANY)}]]></a>"
        ).encode(),
        "a.xml",
    )
    file(
        "no ending",
        lambda w: f"plain words {w('text')} without an ending\n".encode(),
        "README",
    )
    return made
