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
    found = complaints("organisation:\n  urgnt_phone: x\n  timezone: Mars/Olympus\nsmtpd: {listen: nowhere}\n")

    assert [(c.line, c.column) for c in found] == [(2, 3), (3, 3), (4, 9)]


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


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("council", "", id="one word"),
        pytest.param("@council.example", "council.example", id="an at sign"),
        pytest.param("jo@council.example", "council.example", id="an address"),
        pytest.param("http://www.council.example/mail", "www.council.example", id="a web address"),
        pytest.param("council .example", "", id="a space"),
        pytest.param("council.example.", "council.example", id="a trailing dot"),
        pytest.param(".council.example", "council.example", id="a leading dot"),
        pytest.param("*.council.example", "council.example", id="a star"),
        pytest.param("Council.Example", "council.example", id="capitals"),
        pytest.param("r\u00e5dhus.example", "xn--rdhus-mra.example", id="letters beyond ASCII"),
        pytest.param("council.example:25", "council.example", id="a port"),
        pytest.param("council,example", "", id="a comma for a dot"),
        pytest.param("-council.example", "", id="a label that begins with a dash"),
        pytest.param("192.0.2.1", "", id="a number of a machine"),
        pytest.param(f"{'a' * 64}.example", "", id="a label that is too long"),
    ],
)
@pytest.mark.parametrize("setting", ["own", "partners"])
def test_what_is_no_mail_domain_is_refused_with_what_was_meant(written, meant, setting):
    """No address would ever be inside such a domain, so every colleague would pass for a stranger."""
    (only,) = complaints(f"domains: {{{setting}: ['{written}']}}\n")

    assert f"`domains.{setting}.0`" in only.message
    assert only.hint == (f"did you mean `{meant}`?" if meant else "the form is council.example; sub-domains count")
    assert (only.line, only.column) == (1, 17 if setting == "own" else 22)


@pytest.mark.parametrize(
    "good", ["council.example", "mail.council.example", "xn--rdhus-mra.example", "3com.test", "a-b.c.test"]
)
def test_a_mail_domain_is_taken_as_written(good):
    assert config.parse("s.yaml", f"domains: {{own: [{good}]}}\n".encode()).domains.own == (good,)


def test_one_value_where_a_list_belongs_is_told_so():
    (only,) = complaints("domains: {own: council.example}\n")

    assert only.hint == "write a list: [council.example]"


def test_a_file_that_is_not_there_is_a_complaint_with_the_cure(tmp_path):
    with pytest.raises(ComplaintsError, match=r"1 complaint$") as caught:
        config.load(tmp_path / "none.yaml")

    assert "safehold init" in caught.value.text()


def test_a_file_that_may_not_be_read_is_not_one_that_should_be_written(tmp_path, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(ComplaintsError) as caught:
        config.load(tmp_path / "safehold.yaml")

    (only,) = caught.value.complaints
    assert "init" not in only.hint
    assert "as root" in only.hint


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


@pytest.mark.parametrize("at", ["hold", "release"])
def test_an_archive_has_its_copy_at_the_hold_or_at_the_release(at):
    journal = config.parse("s.yaml", f"journal: {{address: archive@council.example, at: {at}}}".encode()).journal

    assert journal is not None
    assert (journal.address, journal.at) == ("archive@council.example", at)


@pytest.mark.parametrize(
    "address", ["", "archive", "archive@", "@council.example", "a b@council.example", "<a@council.example>", "a@b"]
)
def test_an_archive_that_is_no_address_is_refused(address):
    """A copy that can never be sent would be missed by nobody until somebody needs it."""
    (only,) = complaints(f"journal: {{address: '{address}'}}\n")

    assert "`journal.address`" in only.message


def test_a_list_is_not_released_through_the_listener_that_maps_nothing():
    (only,) = complaints("release:\n  listener: 127.0.0.1:10027\n  lists: 127.0.0.1:10027\n")

    assert (only.line, only.column) == (3, 3)
    assert "must be another than `release.listener`" in only.message


def test_a_listener_for_lists_is_a_choice():
    assert config.parse("s.yaml", b"release: {listener: '127.0.0.1:1'}").release.lists is None
    assert config.parse("s.yaml", b"release: {lists: '127.0.0.1:2'}").release.lists == "127.0.0.1:2"
