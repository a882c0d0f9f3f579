# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample that stays in the settings is worse than nothing: staff would call it."""

from pathlib import Path

import pytest

from safehold import config
from safehold.doctor import Level, office
from safehold.doctor.checks import Gateway

GOOD = """
organisation: {name: Riverbank Council, urgent_phone: "01632 960 002"}
domains: {own: [council.test]}
postfix: {maps: none}
notices: {from: check@council.test, duty: [duty@mail.council.test], reviewers: {reviewers: [r@council.test]}}
"""


def examined(check, *changes):
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    settings = config.parse("s.yaml", text.encode())
    return list(check(Gateway(Path("/etc/safehold/safehold.yaml"), settings, None)))


def levels(checks):
    return [check.level for check in checks]


def test_an_organisation_with_its_own_name_and_number_is_fine():
    assert levels(examined(office.organisation)) == [Level.OK]


@pytest.mark.parametrize("number", [config.SAMPLE_PHONE, "01632-960001", "01632 960001"])
def test_the_sample_number_is_a_failure_however_it_is_written(number):
    (found,) = examined(office.organisation, ("01632 960 002", number))

    assert (found.level, "sample number" in found.text) == (Level.FAIL, True)
    assert "/etc/safehold/safehold.yaml" in found.fix


def test_no_number_at_all_is_a_warning():
    assert levels(examined(office.organisation, ("01632 960 002", ""))) == [Level.WARN]


def test_the_sample_name_is_a_failure():
    assert levels(examined(office.organisation, ("Riverbank Council", config.SAMPLE_NAME))) == [Level.FAIL]


def test_everybody_in_an_own_domain_can_be_told():
    assert levels(examined(office.notices)) == [Level.OK]


def test_an_address_that_nothing_is_ever_sent_to_is_told_without_saying_it():
    """The courier writes inside the own domains only; the answer may be read in a log, so the setting is named."""
    (found,) = examined(office.notices, ("[r@council.test]", "[r@council.test, kim@elsewhere.test]"))

    assert found.level is Level.WARN
    assert "notices.reviewers.reviewers, entry 2" in found.text
    assert "kim" not in found.text


def test_a_duty_that_nobody_hears_is_a_failure():
    assert Level.FAIL in levels(examined(office.notices, ("duty@mail.council.test", "reviewers@localhost")))


def test_a_sender_of_notices_outside_is_a_warning():
    assert levels(examined(office.notices, ("check@council.test", "email-check@localhost"))) == [Level.WARN]


def test_a_postfix_that_cannot_name_the_own_domains_leaves_the_settings_as_the_cure(tmp_path):
    (found,) = examined(
        office.notices, ("[council.test]", "[]"), ("{maps: none}", f"{{config_directory: {tmp_path}/none}}")
    )

    assert (found.level, "domains.own" in found.fix) == (Level.FAIL, True)


def test_a_gateway_that_knows_no_own_domain_tells_nobody():
    assert levels(examined(office.notices, ("[council.test]", "[]"))) == [Level.FAIL]
