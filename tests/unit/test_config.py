# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold import config
from safehold.cli import setup
from safehold.errors import ComplaintsError
from safehold.reading.limits import Limits


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
    assert "    2 |   urgnt_phone\n      |   ^~~~~~~~~~~" in only.text()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: [", id="unclosed"),
        pytest.param("\ta: 1", id="tab"),
        pytest.param("- 1\n- 2\n", id="a list"),
        pytest.param("policies: !!python/object/apply:os.system [id]\n", id="a tag that would run something"),
        pytest.param("reading: {workers: 0}\n", id="no workers"),
        pytest.param("reading: {dear_workers: 0}\n", id="no workers for what takes long"),
        pytest.param("reading: {waiting: -1}\n", id="fewer than nobody may wait"),
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
def test_what_is_no_mail_domain_is_refused_with_what_was_meant(written, meant):
    """No address would ever be inside such a domain, so every colleague would pass for a stranger."""
    (only,) = complaints(f"domains: {{own: ['{written}']}}\n")

    assert "`domains.own.0`" in only.message
    assert only.hint == (f"did you mean `{meant}`?" if meant else "the form is council.example; sub-domains count")
    assert (only.line, only.column) == (1, 17)


def test_partners_are_refused_with_the_place_where_they_stand_today():
    """A setting that nothing reads would let a policy of partners hold what it should let through."""
    (only,) = complaints("domains: {own: [council.example], partners: [haven.example]}\n")

    assert only.message == "`partners` is not a setting here"
    assert "lists: {partners: {kind: domain" in only.hint


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


# -- files that are none of ours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("root:*:20782:0:99999:7:::\njo:$y$j9T$Zq:20782:0:::\n", id="accounts"),
        pytest.param("password: Zq-hunter\nZq-token: 1\n", id="settings of another program"),
        pytest.param("- Zq\n", id="a list"),
        pytest.param("Zq\n", id="a text"),
        pytest.param("a: *Zq\n", id="an unknown alias"),
        pytest.param("a: !Zq!x 1\n", id="an unknown tag"),
        pytest.param("-----BEGIN PRIVATE KEY-----\nZq%\n@Zq\n", id="a key"),
        pytest.param("Zq: [\n", id="not closed"),
    ],
)
def test_a_file_that_is_none_of_ours_is_not_quoted(text):
    """Whoever may run a command as root must not read a file by naming it as settings."""
    (only,) = complaints(text)

    said = only.text()
    assert "no settings file of safehold" in said
    assert "Zq" not in said
    assert "root" not in said
    assert (only.source, only.line) == ("", 0)


def test_of_a_setting_that_is_none_only_the_name_is_quoted():
    (only,) = complaints("store: safehold.db\npasword: Zq-hunter\n")

    assert "`pasword` is not a setting here" in only.text()
    assert "Zq" not in only.text()


def test_a_mistake_of_yaml_in_our_own_file_is_told_with_its_place():
    (only,) = complaints("store: safehold.db\nkeys: [\n")

    assert only.line == 3
    assert "no settings file" not in only.message


# -- who is told ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dotted"),
    [
        ("notices: {from: foo}", "notices.from"),
        ("notices: {duty: [foo]}", "notices.duty.0"),
        ("notices: {duty: ['a@b.example, c@d.example']}", "notices.duty.0"),
        ("notices: {reviewers: {team: [a@b.example, '@b.example']}}", "notices.reviewers.team.1"),
        ("notices: {duty: ['jo@@localhost']}", "notices.duty.0"),
    ],
)
def test_who_is_told_is_an_address(text, dotted):
    (only,) = complaints(text)

    assert only.message.startswith(f"`{dotted}`: expected an address")


def test_a_first_try_on_one_machine_may_write_to_localhost():
    assert config.parse("s.yaml", b"notices: {duty: [jo@localhost]}").notices.duty == ("jo@localhost",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notices: {duty: jo@b.example}", "expected a list"),
        ("notices: jo", "expected `name: value`"),
        ("reading: {workers: two}", "expected a whole number"),
        ("reading: {deadline_s: soon}", "expected a number"),
        ("notices: {detail: much}", "Input should be 'none', 'where' or 'kind'"),
    ],
)
def test_a_wrong_kind_of_value_is_told_in_plain_words(text, expected):
    (only,) = complaints(text)

    assert expected in only.message
    assert "tuple" not in only.message


@pytest.mark.parametrize(
    "limit", [field for field in fields(Limits) if field.name != "deadline_s"], ids=lambda f: f.name
)
def test_every_limit_of_reading_can_be_set_and_is_what_it_was_where_it_is_not(limit):
    other = limit.default - 1 if limit.default > 1 else limit.default / 2
    set_so = config.parse("s.yaml", f"reading: {{limits: {{{limit.name}: {other}}}}}".encode())
    usual = config.parse("s.yaml", b"domains: {}")

    assert getattr(usual.reading.effective(), limit.name) == limit.default
    assert getattr(set_so.reading.effective(), limit.name) == other


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("reading:\n  limits:\n    depth: 17\n", 2, "`reading.limits`: depth must be from 1 to 16"),
        ("reading:\n  limits:\n    dept: 7\n", 3, "`dept` is not a setting here"),
        ("reading:\n  limits:\n    depth: 7\n    pages: many\n", 4, "`reading.limits.pages`: expected a whole number"),
        ("reading:\n  limits:\n    pages: 0\n", 3, "`reading.limits.pages`:"),
        ("reading:\n  limits: {memory_bytes: 1000}\n", 2, "`reading.limits`: memory_bytes must be at least"),
        ("reading:\n  limits: {characters: 10}\n", 2, "`reading.limits`: one part may not have more characters"),
        ("reading:\n  limits: {deadline_dear_s: 300}\n", 2, "`reading.limits`: deadline_dear_s may be 240 at most"),
        ("reading:\n  limits: {most_ordinary_s: 0.01}\n", 2, "`reading.limits`: most_ordinary_s may not be less"),
    ],
)
def test_a_limit_that_cannot_be_is_a_complaint_at_its_line(text, line, said):
    (only,) = complaints(text)

    assert only.line == line
    assert only.message.startswith(said)


def test_who_has_longer_for_a_message_has_no_less_for_one_with_pictures():
    assert config.parse("s.yaml", b"reading: {deadline_s: 90}").reading.effective().deadline_dear_s == 90.0


# -- what cannot work here --------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    (tmp_path / "policies").mkdir()
    return tmp_path / "safehold.yaml"


def test_settings_that_can_work_leave_no_doubt(file):
    file.write_text("domains: {own: [a.example]}\nnotices: {from: x@a.example, duty: [y@mail.a.example]}\n")

    assert config.check(file) == ()


OWN = "domains: {own: [c.example]}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("keys: k\nstore: none/safehold.db\n", 2, "`store`: there is no folder"),
        ("policies: rules\n", 1, "`policies`: there is no folder"),
        (f"{OWN}notices:\n  from: a@c.example\n  duty: [a@b.example]\n", 4, "`notices.duty.0`: is outside"),
        (f"{OWN}notices:\n  from: a@b.example\n", 3, "`notices.from`: is outside"),
        (f"{OWN}notices: {{from: a@c.example, reviewers: {{x: [a@b.example]}}}}\n", 2, "`notices.reviewers.x.0`: is"),
        (f"store: safehold.db\n{OWN}", 0, "`notices.from`: is outside"),
    ],
)
def test_what_is_well_written_and_cannot_work_is_told_with_its_place(file, text, line, said):
    file.write_text(text)

    (only,) = config.check(file)

    assert only.message.startswith(said)
    assert only.line == line


# -- calendar ---------------------------------------------------------------------------------------------------------


def calendar_of(text):
    return config.parse("safehold.yaml", text.encode()).calendar


def test_an_office_is_open_from_nine_to_five_on_working_days_where_nothing_is_said():
    assert calendar_of("calendar: {}").week() == dict.fromkeys(range(5), (time(9), time(17)))


def test_office_hours_are_those_of_the_days_that_are_named():
    said = calendar_of("calendar: {office: {monday: 08:30-16:00, sunday: '10:00 - 12:00'}}")

    assert said.week() == {0: (time(8, 30), time(16)), 6: (time(10), time(12))}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("calendar: {office: {monday: 9 to 5}}", "calendar.office.monday", "e.g. 09:00-17:00"),
        ("calendar: {office: {monday: 17:00-09:00}}", "calendar.office.monday", "e.g. 09:00-17:00"),
        ("calendar: {office: {}}", "calendar.office", "never open"),
        ("calendar: {holidays: [2026-02-30]}", "calendar.holidays.0", "e.g. 2026-12-25"),
        ("publishing: {required: perhaps}", "publishing.required", "yes or no"),
    ],
)
def test_a_calendar_that_cannot_be_is_told_with_its_place_and_cure(text, place, words):
    with pytest.raises(ComplaintsError) as caught:
        config.parse("safehold.yaml", text.encode())

    (only,) = caught.value.complaints
    assert f"`{place}`" in only.message
    assert words in f"{only.message} {only.hint}"


def test_a_day_that_is_none_is_told_with_the_days_there_are():
    with pytest.raises(ComplaintsError) as caught:
        config.parse("safehold.yaml", b"calendar: {office: {mon: 09:00-17:00}}")

    assert "monday" in caught.value.text()


@pytest.mark.parametrize(
    "content",
    [
        "# bank holidays\n2026-12-25 Christmas Day\n\n2026-12-28, substitute\n",
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\n"
            "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261228\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ),
    ],
    ids=["text", "ics"],
)
def test_holidays_are_those_of_the_settings_and_of_the_file(tmp_path, content):
    (tmp_path / "days").write_text(content)
    file = tmp_path / "safehold.yaml"
    file.write_text("calendar: {holidays: [2026-04-03], holidays_file: days}\n")

    days = config.load(file).calendar.all_holidays()

    assert sorted(map(str, days)) == ["2026-04-03", "2026-12-25", "2026-12-28"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), ("2020-12-25\n", "2020-12-25"), ("Christmas\n", "line 1")],
    ids=["no file", "all over", "no dates"],
)
def test_holidays_that_cannot_be_trusted_are_told_by_config_check(tmp_path, content, words):
    if content is not None:
        (tmp_path / "days.txt").write_text(content)
    (tmp_path / "policies").mkdir()
    file = tmp_path / "safehold.yaml"
    file.write_text("calendar: {holidays_file: days.txt}\n")

    (only,) = config.check(file)

    assert only.line == 1
    assert words in only.message
