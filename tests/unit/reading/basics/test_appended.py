# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a picture ends by its own account.  What is done with the rest is in test_images.py and test_pdf.py."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from safehold.reading.basics import appended

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "BMP": "image/bmp", "WEBP": "image/webp",
         "TIFF": "image/tiff", "ICO": "image/vnd.microsoft.icon"}  # fmt: skip


def saved(kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture = Image.effect_noise((90, 70), 80).convert("RGB")
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rest", [b"", b"rest", b"\xff\xd9;\x00IEND" * 9])
def test_a_picture_ends_where_it_says(kind, rest):
    content = saved(kind)

    assert appended.end_of_picture(content + rest, KINDS[kind]) == len(content)


def test_a_preview_inside_a_photograph_is_not_its_end():
    preview = saved("JPEG")
    exif = Image.Exif()
    exif[0x927C] = preview
    content = saved("JPEG", exif=exif)

    assert content.count(b"\xff\xd9") > 1
    assert appended.end_of_picture(content + b"rest", "image/jpeg") == len(content)


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 100}, {"comment": b"\xff\xd9 words"}])
def test_the_end_is_found_in_every_kind_of_photograph(options):
    content = saved("JPEG", **options)

    assert appended.end_of_picture(content + b"rest", "image/jpeg") == len(content)


def test_every_frame_of_an_animation_is_inside():
    frames = [Image.effect_noise((40, 30), strength).convert("P") for strength in (20, 60, 90)]
    content = saved("GIF", save_all=True, append_images=frames)

    assert appended.end_of_picture(content + b"rest", "image/gif") == len(content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_off_ends_where_the_file_does(kind):
    content = saved(kind)[:-20]

    assert appended.end_of_picture(content, KINDS[kind]) == len(content)


def test_a_scan_of_several_pages_ends_behind_the_last():
    pages = [Image.effect_noise((40, 30), strength) for strength in (20, 60, 90)]
    for compression in ("raw", "tiff_lzw", "jpeg"):
        content = saved("TIFF", save_all=True, append_images=pages, compression=compression)

        end = appended.end_of_picture(content + b"rest", "image/tiff")
        assert len(content.rstrip(b"\x00")) <= end <= len(content)


def test_a_directory_that_leads_nowhere_ends_with_the_file():
    content = b"II*\x00\x08\x00\x00\x00" + b"\xff\xff" + bytes(range(256)) * 2_000

    assert appended.end_of_picture(content, "image/tiff") <= len(content)


@given(st.binary(max_size=300), st.sampled_from(sorted(KINDS.values())))
@settings(max_examples=200)
def test_any_bytes_have_an_end(content, kind):
    start = {"image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF89a", "image/png": b"\x89PNG\r\n\x1a\n",
             "image/tiff": b"II*\x00\x08\x00\x00\x00"}.get(kind, b"")  # fmt: skip

    assert 0 <= appended.end_of_picture(start + content, kind) <= len(start + content)
