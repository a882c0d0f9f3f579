# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold import config
from safehold.cli import setup
from safehold.errors import ComplaintsError


def complaints(text):
    with pytest.raises(ComplaintsError) as caught:
        config.parse("s.yaml", text.encode())
    return caught.value.complaints


def test_an_empty_file_gives_the_defaults():
    assert config.parse("s.yaml", b"") == config.Settings()


def test_every_mistake_is_told_at_once_with_its_place():
    found = complaints(
        "organisation:\n  urgnt_phone: x\nsmtpd: {listen: nowhere}\nnotices:\n  timezone: Mars/Olympus\n"
    )

    assert [(c.line, c.column) for c in found] == [(2, 3), (3, 9), (5, 3)]


def test_a_misspelt_setting_is_met_with_the_right_one():
    (only,) = complaints("organisation:\n  urgnt_phone: x\n")

    assert only.hint == "did you mean `urgent_phone`?"
    assert "    2 |   urgnt_phone: x\n      |   ^~~~~~~~~~~" in only.text()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: [", id="unclosed"),
        pytest.param("\ta: 1", id="tab"),
        pytest.param("- 1\n- 2\n", id="a list"),
        pytest.param("policies: !!python/object/apply:os.system [id]\n", id="a tag that would run something"),
        pytest.param("reading: {workers: 0}\n", id="no workers"),
        pytest.param("milter: {socket: /bare/path}\n", id="a socket without its kind"),
        pytest.param("release: {listener: '10027'}\n", id="a port alone"),
    ],
)
def test_what_cannot_be_meant_is_refused(text):
    assert complaints(text)


def test_a_file_that_is_not_there_is_a_complaint_with_the_cure(tmp_path):
    with pytest.raises(ComplaintsError, match="1 complaints") as caught:
        config.load(tmp_path / "none.yaml")

    assert "safehold init" in caught.value.text()


def test_paths_are_relative_to_the_file_that_names_them(tmp_path):
    file = tmp_path / "safehold.yaml"
    file.write_text("policies: rules\nstore: /srv/safehold.db\npostfix: {config_directory: pf}\n")

    settings = config.load(file)

    assert settings.policies == tmp_path / "rules"
    assert settings.store == Path("/srv/safehold.db")
    assert settings.postfix.config_directory == tmp_path / "pf"


def test_the_file_that_init_writes_loads(tmp_path):
    file = tmp_path / "etc" / "safehold.yaml"

    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025")

    assert config.load(file).domains.own == ("council.test",)


def test_init_never_writes_over_settings(tmp_path):
    file = tmp_path / "safehold.yaml"
    file.write_text("# mine\n")

    with pytest.raises(FileExistsError):
        setup.write_settings(file, own="council.test", listen="127.0.0.1:10025")
    assert file.read_text() == "# mine\n"


@given(st.binary(max_size=400) | st.text(alphabet="{}[]:-#&*!|>%@`\"' \n\tab1", max_size=200).map(str.encode))
def test_no_settings_file_ends_in_anything_but_settings_or_complaints(data):
    try:
        settings = config.parse("s.yaml", data)
    except ComplaintsError as error:
        assert error.complaints
    else:
        assert isinstance(settings, config.Settings)
