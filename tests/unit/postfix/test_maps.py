# SPDX-License-Identifier: GPL-3.0-or-later
"""Expanding recipients with Postfix's own `postconf` and `postmap`, on a configuration of each test's own.

That the result is what Postfix does is compared end to end (tests/e2e/test_frontend_aliases.py); here are the corners,
the failures, and how seldom a process is started.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from safehold.errors import MapUnreadableError
from safehold.postfix import UNREAD, Maps, Postconf, Whole, blind_spots, own_domains
from safehold.postfix.postconf import Outcome

if shutil.which("postmap", path="/usr/sbin:/usr/bin") is None:
    pytest.skip("Postfix is not installed", allow_module_level=True)


class Counting(Postconf):
    """A Postconf that remembers which programs it ran."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.ran: list[tuple[str, ...]] = []

    def run(self, program: str, *arguments: str, stdin: bytes = b"") -> Outcome:
        self.ran.append((program, *arguments))
        return super().run(program, *arguments, stdin=stdin)


Site = Callable[..., Counting]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Make a Postfix configuration with these settings."""

    def make(**settings: str) -> Counting:
        plain = {
            "compatibility_level": "3.6",
            "myhostname": "mail.own.example",
            "mydomain": "own.example",
            "myorigin": "own.example",
            "mydestination": "own.example",
            "alias_maps": "",
            "recipient_delimiter": "+",
        }
        lines = "".join(f"{name} = {value}\n" for name, value in {**plain, **settings}.items())
        (tmp_path / "main.cf").write_text(lines)
        os.utime(tmp_path / "main.cf", (1, 1))  # Postfix waits a second for a file that has just changed
        (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd -o smtpd_milters= -o content_filter=x\n")
        return Counting(tmp_path)

    return make


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., str]:
    """Write a text table and return its name."""

    def write(name: str, entries: Mapping[str, str] | str) -> str:
        path = tmp_path / name
        text = entries if isinstance(entries, str) else "".join(f"{k}\t{v}\n" for k, v in entries.items())
        path.write_text(text)
        os.utime(path, (1, 1))  # old enough to be remembered
        return f"{'pcre' if isinstance(entries, str) else 'texthash'}:{path}"

    return write


def test_without_maps_everybody_is_who_they_are(site: Site):
    maps = Maps(site())

    assert maps.expand("B.c@Example.ORG").final == ("B.c@example.org",)
    assert maps.expand("B.c@Example.ORG").whole == ""


def test_lists_nest_and_name_everybody_once(site: Site, table):
    virtual = table(
        "virtual", {"x@own.example": "y@own.example, b@example.org", "y@own.example": "b@example.org, C@example.org"}
    )
    maps = Maps(site(virtual_alias_maps=virtual))

    assert sorted(maps.expand("x@own.example").final) == ["C@example.org", "b@example.org"]


def test_a_list_of_a_thousand_is_expanded_and_a_longer_one_is_held_whole(site: Site, table):
    members = [f"m{n}@example.org" for n in range(1001)]
    virtual = table("virtual", {"fits@own.example": ", ".join(members[:1000]), "more@own.example": ", ".join(members)})
    maps = Maps(site(virtual_alias_maps=virtual))

    assert len(maps.expand("fits@own.example").final) == 1000
    assert maps.expand("more@own.example").whole is Whole.TOO_MANY


def test_lists_that_together_are_too_long_are_held_whole(site: Site, table):
    halves = {f"h{i}@own.example": ", ".join(f"m{i}-{n}@example.org" for n in range(600)) for i in range(2)}
    virtual = table("virtual", {**halves, "all@own.example": "h0@own.example, h1@own.example"})
    maps = Maps(site(virtual_alias_maps=virtual))

    assert maps.expand("all@own.example").whole is Whole.TOO_MANY


@pytest.mark.parametrize(
    "loop",
    [
        {"a@own.example": "b@own.example", "b@own.example": "a@own.example"},
        {"a@own.example": "b@own.example, x@example.org", "b@own.example": "a@own.example, y@example.org"},
    ],
    ids=["two", "growing"],
)
@pytest.mark.parametrize("setting", ["virtual_alias_maps", "canonical_maps"])
def test_a_loop_is_held_whole(site: Site, table, loop, setting):
    maps = Maps(site(**{setting: table("loop", loop)}))

    expansion = maps.expand("a@own.example")

    assert (expansion.final, expansion.whole) == ((), Whole.LOOP)


def test_an_unreadable_map_holds_whole_and_is_named_to_the_administrator(site: Site):
    maps = Maps(site(virtual_alias_maps="hash:/nonexistent/virtual texthash:/nonexistent/other"))

    assert maps.expand("b@example.org").whole == UNREAD
    assert maps.check() == ("hash:/nonexistent/virtual", "texthash:/nonexistent/other")


def test_a_kind_of_map_this_postfix_lacks_holds_whole(site: Site):
    maps = Maps(site(virtual_alias_maps="nosuchkind:/etc/x"))

    assert "could not be read" in maps.expand("b@example.org").whole


def test_only_what_an_unreadable_map_could_concern_is_held(site: Site):
    maps = Maps(site(alias_maps="hash:/nonexistent/aliases"))

    assert maps.expand("b@example.org").final == ("b@example.org",)
    assert maps.expand("b@own.example").whole


def test_a_postfix_that_is_not_there_is_our_fault_and_not_a_list(tmp_path: Path):
    with pytest.raises(MapUnreadableError):
        Maps(Postconf(tmp_path / "nowhere")).expand("b@example.org")


def test_local_aliases_are_not_read_where_mail_goes_elsewhere(site: Site, table):
    aliases = table("aliases", {"staff": "b@example.org"})
    maps = Maps(site(alias_maps=aliases, local_transport="lmtp:unix:private/lmtp"))

    assert maps.expand("staff@own.example").final == ("staff@own.example",)


def test_a_file_alias_is_the_mailbox_itself_and_a_command_is_anybody(site: Site, table):
    aliases = table(
        "aliases", {"file": '"/var/mail/some file", b@example.org', "command": '"|/bin/true -x", b@example.org'}
    )
    maps = Maps(site(alias_maps=aliases))

    assert maps.expand("file@own.example").whole is Whole.MAPPED_AGAIN
    assert maps.expand("command@own.example").whole is Whole.COMMAND


def test_an_alias_that_is_only_a_file_stays_itself(site: Site, table):
    maps = Maps(site(alias_maps=table("aliases", {"archive": "/var/mail/archive"})))

    assert maps.expand("archive@own.example").final == ("archive@own.example",)


def test_extensions_are_carried_along_where_postfix_does(site: Site, table):
    virtual = table("virtual", {"x@own.example": "y@example.org", "@all.example": "z@example.org"})
    plain, without = site(virtual_alias_maps=virtual), None

    assert Maps(plain).expand("x+tag@own.example").final == ("y+tag@example.org",)
    assert Maps(plain).expand("x+tag@all.example").final == ("z@example.org",)
    without = site(virtual_alias_maps=virtual, propagate_unmatched_extensions="")
    assert Maps(without).expand("x+tag@own.example").final == ("y@example.org",)


def test_list_owners_have_no_extension(site: Site, table):
    virtual = table("virtual", {"owner@own.example": "b@example.org", "x@own.example": "c@example.org"})
    maps = Maps(site(virtual_alias_maps=virtual, recipient_delimiter="-"))

    assert maps.expand("owner-x@own.example").final == ("owner-x@own.example",)
    assert maps.expand("x-tag@own.example").final == ("c-tag@example.org",)


def test_a_pattern_sees_whole_addresses_only(site: Site, table):
    maps = Maps(
        site(virtual_alias_maps=table("patterns", "/^@example\\.org$/ evil@example.net\n/^x$/ evil@example.net\n"))
    )

    assert maps.expand("x@example.org").final == ("x@example.org",)


def test_canonical_maps_change_recipients_only_where_postfix_lets_them(site: Site, table):
    canonical = table("canonical", {"old@own.example": "new@example.org"})

    assert Maps(site(canonical_maps=canonical)).expand("old@own.example").final == ("new@example.org",)
    headers_only = site(canonical_maps=canonical, canonical_classes="header_sender, header_recipient")
    assert Maps(headers_only).expand("old@own.example").final == ("old@own.example",)


@pytest.mark.parametrize(
    "address",
    [
        "bob(x)@example.org",
        "bob @example.org",
        "bob@exam ple.org",
        "a@b.example, c@d.example",
        "b\x00@e.example",
        "<b@e.example>",
    ],
)
def test_an_address_that_only_postfix_can_read_is_held_whole(site: Site, address):
    expansion = Maps(site()).expand(address)

    assert expansion.final == ()
    assert expansion.whole


def test_bytes_that_are_no_text_are_looked_up_and_not_found(site: Site, table):
    virtual = f"{table('virtual', {'x@own.example': 'y@example.org'})} {table('patterns', '/^x@y$/ z@example.org')}"

    assert Maps(site(virtual_alias_maps=virtual)).expand("b\udcff@example.org").final == ("b\udcff@example.org",)


def test_members_that_are_inline_need_no_file(site: Site):
    maps = Maps(site(virtual_alias_maps="inline:{ {x@own.example = b@example.org, c@example.org} }"))

    assert maps.expand("x@own.example").final == ("b@example.org", "c@example.org")


# -- how seldom it asks ------------------------------------------------------------------------------------------


def test_ordinary_mail_starts_no_process(site: Site, table):
    postconf = site(
        virtual_alias_maps=table("virtual", {"x@own.example": "y@example.org"}), alias_maps=table("aliases", {"a": "b"})
    )
    maps = Maps(postconf)
    maps.expand("first@own.example")
    postconf.ran.clear()

    maps.expand_all([f"new{n}@example.org" for n in range(1000)] + ["x@own.example"])

    assert postconf.ran == []


def test_a_thousand_recipients_cost_one_process_for_a_table_of_patterns(site: Site, table):
    postconf = site(virtual_alias_maps=table("patterns", "/^x(.*)@own\\.example$/ $1@example.org\n"))
    maps = Maps(postconf)
    maps.expand("first@own.example")
    postconf.ran.clear()

    expansions = maps.expand_all([f"x{n}@own.example" for n in range(1000)])

    assert expansions["x7@own.example"].final == ("7@example.org",)
    # One for what they said, and one to see that what they became is not mapped again.
    assert len(postconf.ran) <= 2
    postconf.ran.clear()
    maps.expand_all([f"x{n}@own.example" for n in range(1000)])
    assert postconf.ran == []


def test_a_changed_table_is_read_again(site: Site, table):
    postconf = site(virtual_alias_maps=table("virtual", {"x@own.example": "y@example.org"}))
    maps = Maps(postconf)
    assert maps.expand("x@own.example").final == ("y@example.org",)

    table("virtual", {"x@own.example": "changed@example.org"})

    assert maps.expand("x@own.example").final == ("changed@example.org",)


def test_a_table_just_written_is_read_twice_and_no_more(site: Site, table, tmp_path: Path, monkeypatch):
    """A second change within the same tick of the file system's clock would look the same."""
    postconf = site(virtual_alias_maps=table("virtual", {"x@own.example": "y@example.org"}))
    now = 1_000_000.0
    os.utime(tmp_path / "virtual", (now, now))
    monkeypatch.setattr("safehold.postfix.tables.time.time", lambda: now)
    maps = Maps(postconf)

    def lists() -> int:
        maps.expand("x@own.example")
        return len([ran for ran in postconf.ran if ran[:2] == ("postmap", "-s")])

    assert (lists(), lists()) == (1, 1)
    now += 3
    assert (lists(), lists()) == (2, 2)


def test_a_table_that_becomes_unreadable_is_noticed(site: Site, table, tmp_path: Path):
    maps = Maps(site(virtual_alias_maps=table("virtual", {"x@own.example": "y@example.org"})))
    maps.expand("x@own.example")

    (tmp_path / "virtual").unlink()

    assert "could not be read" in maps.expand("x@own.example").whole


def test_changed_settings_are_read_again(site: Site, table):
    virtual = table("virtual", {"x@own.example": "y@example.org"})
    maps = Maps(site())
    assert maps.expand("x@own.example").final == ("x@own.example",)

    site(virtual_alias_maps=virtual)

    assert maps.expand("x@own.example").final == ("y@example.org",)


def test_a_table_that_failed_is_left_alone_for_a_moment(site: Site):
    """Postfix's programs sleep for a second before they say so, and all mail would queue up behind that."""
    postconf = site(virtual_alias_maps="texthash:/nonexistent/virtual")
    maps = Maps(postconf)

    for n in range(20):
        assert maps.expand(f"x{n}@own.example").whole

    assert len([ran for ran in postconf.ran if ran[0] == "postmap"]) == 1


def test_a_table_that_failed_is_asked_again_once_it_is_there(site: Site, table, tmp_path: Path):
    maps = Maps(site(virtual_alias_maps=f"texthash:{tmp_path / 'virtual'}"))
    assert maps.expand("x@own.example").whole

    table("virtual", {"x@own.example": "y@example.org"})

    assert maps.expand("x@own.example").final == ("y@example.org",)


# -- domains -----------------------------------------------------------------------------------------------------


def test_own_domains_come_from_names_files_and_tables(site: Site, table, tmp_path: Path):
    (tmp_path / "hosts").write_text("# ours\nfile.example\n\nSECOND.example comment\n")
    postconf = site(
        mydestination=f"$myhostname, localhost.$mydomain, localhost, {tmp_path / 'hosts'}",
        relay_domains=table("relay", {"relay.example": "ok", ".under.example": "ok"}),
        virtual_alias_maps=table("virtual", {"virtual.example": "x", "a@virtual.example": "b@example.org"}),
        virtual_mailbox_domains="Boxes.example",
    )

    assert own_domains(postconf) == {
        "mail.own.example",
        "file.example",
        "second.example",
        "relay.example",
        "under.example",
        "virtual.example",
        "boxes.example",
    }


def test_blind_spots_are_the_settings_in_use(site: Site):
    assert blind_spots(site()) == {}
    assert set(blind_spots(site(always_bcc="archive@own.example", luser_relay="x@example.org"))) == {
        "always_bcc",
        "luser_relay",
    }


# -- settings ----------------------------------------------------------------------------------------------------


def test_settings_are_expanded_and_unknown_ones_empty(site: Site):
    values = site(relay_domains="$mydomain").values("relay_domains", "no_such_setting")

    assert values == {"relay_domains": "own.example", "no_such_setting": ""}


def test_services_are_read_with_what_they_override(site: Site):
    (service,) = site().services()

    assert (service.name, service.kind, service.is_chrooted, service.command) == ("smtp", "inet", True, "smtpd")
    assert service.overrides == {"smtpd_milters": "", "content_filter": "x"}
