# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole examination, on gateways that are not finished: no check may keep another from being made."""

import pytest

from safehold import config, doctor
from safehold.cli import setup
from safehold.doctor import Level


def test_settings_that_do_not_load_are_the_only_answer_and_init_is_not_the_cure_of_a_mistake(tmp_path):
    file = tmp_path / "safehold.yaml"
    file.write_text("notice: {}\nmilter: {socket: here}\n")

    (only,) = doctor.examine(file)

    assert (only.name, only.level) == ("settings", Level.FAIL)
    assert only.text == f"{file}:1:1: error[setting]: `notice` is not a setting here (and 1 other error)"
    assert only.fix.splitlines() == [
        "did you mean `notices`?",
        f"safehold config check --config {file}   (tells all)",
    ]


def test_settings_that_are_not_there_are_made_by_init(tmp_path):
    (only,) = doctor.examine(tmp_path / "safehold.yaml")

    assert "safehold init" in only.fix


@pytest.mark.enable_socket
def test_a_new_gateway_is_told_what_is_missing(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:1", socket=str(tmp_path), maps="none")

    levels = {c.name: c.level for c in doctor.examine(file)}

    missing = ("organisation", "keys", "store", "courier", "policies", "milter socket", "guard socket")
    assert {name: levels[name] for name in missing} == dict.fromkeys(missing, Level.FAIL)
    assert levels["reader workers"] is Level.OK


@pytest.mark.enable_socket
def test_no_answer_shows_an_address_of_the_settings(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:1", socket=str(tmp_path), maps="none")
    setup.make_keys_and_store(config.load(file))

    assert not [c for c in doctor.examine(file) if "@" in c.text]
