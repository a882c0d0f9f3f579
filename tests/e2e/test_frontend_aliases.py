# SPDX-License-Identifier: GPL-3.0-or-later
"""We expand recipients as this Postfix does, and a held member of a list gets nothing.

Every case is sent through a real Postfix and compared with `Maps.expand`: where the two differ, a person fled from
may be a recipient that nobody asked about.
"""

import pytest
from frontend_judges import SOCKET, A, Front, FrontEnd, _milter_process, milter, script  # noqa: F401 - fixtures
from harness.postfix import PrivatePostfix

from safehold.postfix import Maps, Postconf, own_domains

VIRTUAL = {
    "team@own.example": "b@example.org, c@example.org",
    "nested@own.example": "team@own.example, d@example.org",
    "self@own.example": "self@own.example, copy@example.org",
    "old@own.example": "b@example.org",
    "@moved.example": "@example.org",
    "@all.example": "catch@example.org",
    "exact@all.example": "exact@example.org",
    "tagged@own.example": "tagged@example.org",
    "tagged+known@own.example": "known@example.org",
    "short": "short@example.org",
    "bare@own.example": "staff",
    "toalias@own.example": "staff@own.example",
    '"quoted name"@own.example': "quoted@example.org",
    "virtual.example": "whatever",
    "first@virtual.example": "b@example.org",
    "ping@own.example": "pong@own.example",
    "pong@own.example": "ping@own.example",
    "blanks@own.example": "b@example.org c@example.org,\n   d@example.org",
}
PATTERNS = "/^any-(.*)@pattern\\.example$/ $1@example.org\n/^(.*)@whole\\.example$/ b@example.org, $1@example.net\n"
CANONICAL = {
    "before@own.example": "after@own.example",
    "chain@own.example": "before@own.example",
    "@alt.example": "@own.example",
}
ALIASES = {
    "staff": "alice, bob@example.org",
    "alice": "alice, alice@example.net",
    "carol": "carol@example.org",
    "deep": "staff, carol",
    "loop1": "loop2, b@example.org",
    "loop2": "loop1",
    "back": "team@own.example",
    "tovirtual": "first@virtual.example",
    "escaped": "\\dave",
    "dave": "dave@example.org",
    "tolist": ":include:{list}",
    "nolist": ":include:/nonexistent/list",
    "command": '"|/bin/cat >/dev/null"',
    "file": "/tmp/nonexistent-mailbox/x",
}

SAME = [
    "plain@example.org",
    "Plain.Case@Example.ORG",
    "team@own.example",
    "TEAM@own.example",
    "nested@own.example",
    "self@own.example",
    "old@own.example",
    "user@moved.example",
    "user+tag@moved.example",
    "anybody@all.example",
    "anybody+tag@all.example",
    "exact@all.example",
    "exact+tag@all.example",
    "tagged@own.example",
    "tagged+other@own.example",
    "tagged+known@own.example",
    "short@own.example",
    "short+tag@own.example",
    "short@example.org",
    "bare@own.example",
    "toalias@own.example",
    '"quoted name"@own.example',
    "first@virtual.example",
    "blanks@own.example",
    "any-zoe@pattern.example",
    "any-zoe+tag@pattern.example",
    "zoe@whole.example",
    "before@own.example",
    "chain@own.example",
    "team@alt.example",
    "staff@own.example",
    "staff+tag@own.example",
    "alice@own.example",
    "carol@own.example",
    "deep@own.example",
    "loop1@own.example",
    "loop2@own.example",
    "back@own.example",
    "tovirtual@own.example",
    "escaped@own.example",
    "dave@own.example",
    "tolist@own.example",
    "nobody@own.example",
    "nobody+tag@own.example",
    "Staff",
    "team",
]


def settings(postfix: PrivatePostfix) -> dict[str, str]:
    """Return main.cf with maps of every kind; local mailboxes are the sink too."""
    members = postfix.etc / "list"
    members.write_text('# the list\nb@example.org\n"c"@example.org, alice\n\nstaff\n')
    aliases = {key: value.replace("{list}", str(members)) for key, value in ALIASES.items()}
    return {
        "mydestination": "own.example",
        "local_recipient_maps": "",
        "mailbox_size_limit": "0",
        "mailbox_transport": f"smtp:[127.0.0.1]:{postfix.sink.port}",
        "recipient_delimiter": "+",
        "virtual_alias_maps": f"{postfix.map('virtual', VIRTUAL)} {postfix.map('patterns', PATTERNS, 'pcre')}",
        "recipient_canonical_maps": postfix.map("canonical", CANONICAL),
        "alias_maps": postfix.map("aliases", aliases, "lmdb"),
        "default_database_type": "hash",
    }


@pytest.fixture
def aliased(postfix: PrivatePostfix) -> PrivatePostfix:
    postfix.set(**settings(postfix))
    return postfix


@pytest.fixture
def aliased_milter(postfix: PrivatePostfix, _milter_process: FrontEnd) -> Front:  # noqa: F811
    where = f"unix:{postfix.run / SOCKET}"
    postfix.set(**settings(postfix), smtpd_milters=where, non_smtpd_milters=where)
    _milter_process.clear()
    return Front(_milter_process, postfix.sink, postfix.port)


@pytest.fixture
def maps(aliased: PrivatePostfix) -> Maps:
    return Maps(Postconf(aliased.etc))


def test_we_expand_as_postfix_does(aliased: PrivatePostfix, maps: Maps):
    for number, recipient in enumerate(SAME):
        sent = aliased.send(f"X-Case: {number}\r\n\r\nx\r\n".encode(), A, [recipient])
        assert sent.code == 250, (recipient, sent)
    aliased.wait_for_empty_queue()

    got: dict[int, set[str]] = {}
    for delivery in aliased.sink.deliveries:
        if delivery.sender:  # no bounces
            got.setdefault(int(delivery.message["X-Case"]), set()).update(r.lower() for r in delivery.recipients)
    # The members as they are, even where the answer would be to hold the list whole.
    ours = {n: {m.lower() for m in maps._members(maps._current(), r)} for n, r in enumerate(SAME)}
    wrong = [f"{SAME[n]}: {ours[n]}, not {got.get(n)}" for n in ours if ours[n] != got.get(n, set())]
    assert not wrong, "\n".join(wrong)


UNKNOWN = {
    "ping@own.example": "loop",
    "command@own.example": "command",
    "nolist@own.example": "could not be read",
    "self@own.example": "again",
    "alice@own.example": "again",
    "staff@own.example": "again",
    "bob%example.org@own.example": "route",
    '"bob@example.org"@own.example': "route",
    "example.org!bob@own.example": "route",
    "bob@[127.0.0.1]": "number",
    "bob(comment)@example.org": "plain form",
    "bob @example.org": "plain form",
    "bob@example.org\nc@example.org": "control",
}


@pytest.mark.parametrize("recipient", UNKNOWN)
def test_where_nobody_can_know_the_list_is_held_whole(maps: Maps, recipient: str):
    expansion = maps.expand(recipient)

    assert expansion.final == ()
    assert UNKNOWN[recipient] in expansion.whole


SPELLINGS = [
    "b@example.org",
    "b@Example.ORG",
    "b@example.org.",
    '"b"@example.org',
    "\\b@example.org",
    "@relay.example:b@example.org",
    "@relay.example,@other.example:b@example.org",
    "example.org!b",
    "b%example.org",
    "b(comment)@example.org",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_held_recipient_gets_nothing_however_the_client_spelt_it(milter: Front, spelling: str):  # noqa: F811
    assert milter.send(script(remove=[spelling]), recipients=[spelling, "z@example.org"]).code == 250

    milter.settle()
    assert milter.sink.to("z@example.org")
    assert not [r for d in milter.sink.deliveries for r in d.recipients if r.lower() != "z@example.org"]


@pytest.mark.parametrize("spelling", SPELLINGS[:-1])
def test_every_spelling_is_one_final_address(maps: Maps, spelling: str):
    assert [final.lower() for final in maps.expand(spelling).final] == ["b@example.org"]


@pytest.mark.parametrize(
    ("recipients", "touched", "added", "delivered"),
    [
        pytest.param(["team@own.example"], ["team@own.example"], ["c@example.org"], {"c@example.org"}, id="a list"),
        pytest.param(
            ["team@own.example", "b@example.org"],
            ["team@own.example", "b@example.org"],
            ["c@example.org"],
            {"c@example.org"},
            id="a list, and the held member by name",
        ),
        pytest.param(
            ["team@own.example", "c@example.org"],
            ["team@own.example"],
            ["c@example.org"],
            {"c@example.org"},
            id="a list, and another member by name",
        ),
        pytest.param(
            ["team@own.example", "nested@own.example"],
            ["team@own.example", "nested@own.example"],
            ["c@example.org", "d@example.org"],
            {"c@example.org", "d@example.org"},
            id="two lists",
        ),
        pytest.param(
            ["before@own.example", "old@own.example"],
            ["old@own.example"],
            [],
            {"after@own.example"},
            id="an old address, beside one that is rewritten",
        ),
        pytest.param(
            ["b@example.org", "b@example.org", "c@example.org"],
            ["b@example.org"],
            [],
            {"c@example.org"},
            id="named twice",
        ),
    ],
)
def test_the_held_member_of_a_list_gets_nothing(
    postfix: PrivatePostfix,
    aliased_milter: Front,
    recipients,
    touched,
    added,
    delivered,
):
    """DESIGN 3, step 4: delete every touched envelope recipient, add its unheld final addresses."""
    order = script(remove=touched, add=[[address, []] for address in added])
    assert aliased_milter.send(order, recipients=recipients).code == 250

    postfix.wait_for_empty_queue()
    assert {r for d in aliased_milter.sink.deliveries for r in d.recipients} == delivered


def test_where_postfix_forgets_original_recipients_lists_are_held_whole(aliased: PrivatePostfix, maps: Maps):
    """It would take an added member for one that it had already, and deleted: nobody would get the mail."""
    aliased.set(enable_original_recipient="no")

    assert "enable_original_recipient" in maps.expand("team@own.example").whole
    assert maps.expand("b@example.org").final == ("b@example.org",)


def test_own_domains_are_what_this_postfix_takes_mail_for(aliased: PrivatePostfix):
    relayed = aliased.map("relayed", {"relay.example": "ok", ".sub.example": "ok"})
    aliased.set(relay_domains=f"{relayed} also.example", virtual_mailbox_domains="boxes.example")

    assert own_domains(Postconf(aliased.etc)) == {
        "own.example",
        "relay.example",
        "sub.example",
        "also.example",
        "boxes.example",
        "virtual.example",
    }


def test_a_changed_map_counts_at_once(aliased: PrivatePostfix, maps: Maps):
    assert maps.expand("old@own.example").final == ("b@example.org",)

    aliased.map("virtual", {**VIRTUAL, "old@own.example": "z@example.org"})

    assert maps.expand("old@own.example").final == ("z@example.org",)
