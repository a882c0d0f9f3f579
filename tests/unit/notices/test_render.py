# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules R1 to R10 of notices, each as a test over every notice there is."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold import notices
from safehold.model import HeldMessage, HoldState, Origin
from safehold.notices import Kind, Look, NoticeSettings, Occasion, Original, Spot, wording

NOW = datetime(2026, 11, 25, 14, 20, tzinfo=UTC)
HELD = HeldMessage(
    id="7K4M-2QXR",
    state=HoldState.HELD,
    version=1,
    held_at=datetime(2026, 11, 25, 14, 14, tzinfo=UTC),
    due_at=datetime(2026, 11, 25, 16, 15, tzinfo=UTC),
    expires_at=datetime(2026, 12, 25, 14, 14, tzinfo=UTC),
    policies=("safe-address",),
    persons=("P-1",),
    severity="critical",
    notice_title="a check on protected information",
    review="safeguarding",
    approvals_needed=2,
    approved_by=(),
    decided_by="",
    origin=Origin.AUTH,
    queue_id="4XyZ",
    held_count=1,
    delivered_count=2,
    attachment_count=2,
    size_bytes=1000,
    problems=("encrypted",),
)
SETTINGS = NoticeSettings(
    "email-check@council.example",
    organisation="the council",
    urgent_phone="01632 960001",
    help_url="https://intranet.council.example/held?a=1&b=2",
    console_url="https://email-check.council.example/",
    roles={"safeguarding": "the safeguarding team"},
    titles={"safe-address": "Safe addresses"},
)
ORIGINAL = Original(
    "<one.two@council.example>",
    attachments=2,
    look=Look((Spot(1, "page", 4),), ((2, "encrypted"),), ("address",), (("cc", 1),)),
)
OCCASION = Occasion(NOW, serial=3, to=("sam@council.example",), original=ORIGINAL, why="automatic", about=Kind.HELD)
SIX = [Kind.HELD, Kind.TASK, Kind.RELEASED, Kind.REFUSED, Kind.CANCELLED, Kind.EXPIRED]


def render(kind=Kind.HELD, *, held=HELD, settings=SETTINGS, **changes) -> bytes:
    occasion = replace(OCCASION, **changes)
    return notices.render(kind, held, settings=settings, occasion=occasion)


def parsed(mail: bytes):
    return message_from_bytes(mail, policy=SMTP)


def text(mail: bytes) -> str:
    return parsed(mail).get_body(("plain",)).get_content().replace("\r\n", "\n")


def page(mail: bytes) -> str:
    return parsed(mail).get_body(("html",)).get_content()


def flat(words: str) -> str:
    return " ".join(words.split())


def sentences(mail: bytes) -> list[str]:
    prose = [line for line in re.split(r"\n\s*\n", text(mail)) if not line.startswith("  ")]
    return [s for block in prose for s in re.split(r"(?<=[.!?])\s+|\n(?=\d+\. )", flat_lines(block)) if s.strip()]


def flat_lines(block: str) -> str:
    return re.sub(r"\n(?!\d+\. )", " ", block)


# -- the mail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_notice_is_ascii_with_crlf_ends_and_folded_headers(kind):
    mail = render(kind)

    assert mail.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail)
    assert max(map(len, mail.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("kind", Kind)
def test_notice_is_marked_so_that_no_machine_answers_it(kind):
    mail = parsed(render(kind))

    to_sender = kind in notices.TO_SENDER
    assert mail["Auto-Submitted"] == ("auto-replied" if to_sender else "auto-generated")
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Content-Language"] == "en-GB"
    assert mail["From"].addresses[0].addr_spec == "email-check@council.example"
    assert not [name for name in mail if name.lower().startswith("x-safehold")]


@pytest.mark.parametrize("kind", Kind)
def test_same_notice_is_the_same_bytes(kind):
    assert render(kind) == render(kind)


def test_message_id_comes_from_hold_and_kind_and_tells_notices_apart():
    ids = {parsed(render(kind))["Message-ID"] for kind in Kind}
    ids |= {parsed(render(Kind.TASK, serial=4))["Message-ID"]}
    ids |= {parsed(render(Kind.UNHEARD, about=Kind.RELEASED))["Message-ID"]}

    assert len(ids) == len(Kind) + 2
    assert "<7K4M-2QXR.held.3@council.example>" in ids


@pytest.mark.parametrize("kind", Kind)
def test_only_a_notice_to_the_sender_replies_to_the_original(kind):
    mail = render(kind)

    expected = "<one.two@council.example>" if kind in notices.TO_SENDER else None
    assert (parsed(mail)["In-Reply-To"], parsed(mail)["References"]) == (expected, expected)
    assert ("This notice is a reply to that email" in text(mail)) is (kind in notices.TO_SENDER)


def test_long_message_id_is_neither_folded_nor_encoded():
    identifier = "<" + "a" * 235 + "@b.example>"

    mail = render(original=replace(ORIGINAL, message_id=identifier))

    assert f"In-Reply-To: {identifier}\r\n".encode() in mail.replace(b"\r\n ", b" ")


@pytest.mark.parametrize("kind", Kind)
def test_text_and_html_say_the_same(kind):
    mail = render(kind)
    body = page(mail).partition("<body")[2].partition(">")[2]

    shown = html.unescape(re.sub(r"<[^>]+>", " ", body))

    numbers = re.compile(r"^\d+\. ", re.MULTILINE)
    assert re.sub(r"\W+", "", shown) == re.sub(r"\W+", "", numbers.sub("", text(mail)))


@pytest.mark.parametrize("kind", Kind)
def test_html_is_one_plain_column_without_remote_content(kind):
    shown = page(render(kind))

    assert '<html lang="en-GB">' in shown
    assert set(re.findall(r"<(\w+)", shown)) <= {
        *("html", "head", "meta", "title", "body", "p", "br", "b", "h2", "ol", "ul", "li", "a")
    }
    assert not re.search(r"<img|src=|url\(|@import|<link|<script|\son\w+=", shown, re.IGNORECASE)


def test_addressees_who_cannot_stand_in_a_header_are_not_named():
    assert parsed(render(to=("gŵr@council.example",)))["To"].addresses == ()
    assert parsed(render(to=tuple(f"a{n}@council.example" for n in range(30))))["To"].addresses == ()


HOSTILE = "x\r\nBcc: evil@mail.test\r\n\r\n<script>\u2028\u202e\x00{reference}"


@pytest.mark.parametrize("kind", Kind)
def test_no_value_can_add_a_header_a_line_or_a_tag(kind):
    held = replace(HELD, notice_title=HOSTILE, linked_to=HOSTILE, policies=(HOSTILE,), review=HOSTILE, id=HOSTILE)
    settings = replace(
        SETTINGS, organisation=HOSTILE, sender_name=HOSTILE, urgent_phone=HOSTILE, help_url=HOSTILE, titles={}
    )

    mail = render(kind, held=held, settings=settings, answer=HOSTILE)

    assert parsed(mail).keys() == parsed(render(kind)).keys()
    assert "<script>" not in page(mail)
    assert not set("\u2028\u202e\x00") & set(text(mail) + page(mail))
    assert "Bcc:" not in [line[:4] for line in text(mail).splitlines()]


@given(st.text(max_size=60))
def test_a_title_is_never_taken_for_a_template(title):
    mail = render(held=replace(HELD, notice_title=title))

    assert parsed(mail).keys() == parsed(render()).keys()
    assert flat(wording.clean(title)) in flat(text(mail))


# -- what it says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("minimal", [False, True])
def test_sentences_are_short_and_easy(kind, minimal):
    mail = render(kind, minimal=minimal)

    counts = [len(sentence.split()) for sentence in sentences(mail)]
    words = [word for sentence in sentences(mail) for word in re.findall(r"[A-Za-z']+", sentence)]
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower().removesuffix("e")))) for word in words)
    grade = 0.39 * len(words) / len(counts) + 11.8 * syllables / len(words) - 15.59
    assert max(counts) <= 25
    assert grade <= 8


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("minimal", [False, True])
def test_no_word_blames(kind, minimal):
    said = (flat(text(render(kind, minimal=minimal))) + str(parsed(render(kind))["Subject"])).lower()

    for word in ("violation", "breach", "unauthori", "failed", "suspicious", "you must", "offence", "block"):
        assert word not in said


@pytest.mark.parametrize("kind", sorted({*notices.TO_SENDER, Kind.UNHEARD}))
@pytest.mark.parametrize("minimal", [False, True])
def test_urgent_route_is_in_every_notice_about_somebodys_mail(kind, minimal):
    said = flat(text(render(kind, minimal=minimal)))

    assert "01632 960001" in said
    assert "the reference 7K4M-2QXR" in said
    assert "999" in said


def test_without_a_phone_no_line_says_to_call_one():
    said = text(render(settings=replace(SETTINGS, urgent_phone="")))

    assert "give the reference" not in said
    assert "call 999" in said


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (Kind.HELD, "Your email has not been sent to 1 of the people on it.", "You do not need to do anything."),
        (
            Kind.TASK,
            "One email is on hold and waiting for the safeguarding team.",
            "Please look at it by 4:15pm today.",
        ),
        (Kind.RELEASED, "We checked your email and passed it on to 1 person today at 2:20pm.", "You do not need"),
        (Kind.REFUSED, "Your email has not been sent to 1 of the people on it, and it will not be.", "If people still"),
        (Kind.CANCELLED, "Your email has not been sent to 1 of the people on it, and it will not be.", "You do not"),
        (Kind.EXPIRED, "Your email has not been sent to 1 of the people on it, and it will not be.", "If it still"),
    ],
)
def test_first_says_what_happened_then_what_to_do(kind, first, second):
    assert flat(text(render(kind))).startswith(f"{first} {second}")


def test_it_says_not_sent_only_where_nobody_got_it():
    assert text(render(held=replace(HELD, delivered_count=0))).startswith("Your email has not been sent.\n")
    assert "It was passed on to 2 other people." in text(render())


def test_it_says_that_colleagues_may_have_it_only_where_the_gateway_cannot_see():
    unseen = render(settings=replace(SETTINGS, inside_unseen=True))

    assert "Colleagues inside the council may already have it." in text(unseen)
    assert "Colleagues" not in text(render())


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (Look((Spot(0, "body"),)), ["found information"]),
        (Look(unread=((1, "encrypted"),)), ["could not read all of it"]),
        (Look((Spot(0, "body"),), ((1, "encrypted"),)), ["found information", "could not read all of it"]),
        (Look(), ["was not sure that everyone"]),
    ],
)
def test_the_reason_given_is_the_reason_there_was(look, reason):
    said = flat(text(render(original=replace(ORIGINAL, look=look))))

    reasons = ["found information", "could not read all of it", "was not sure that everyone"]
    assert [r for r in reasons if r in said] == reason


def test_released_notice_tells_of_addresses_that_did_not_take_it():
    said = flat(text(render(Kind.RELEASED, held=replace(HELD, held_count=3), refused=1)))

    assert "passed it on to 2 people today at 2:20pm, but not to everyone." in said
    assert "1 address did not accept it." in said


def test_detail_decides_how_much_is_said():
    none, where, kind = (text(render(settings=replace(SETTINGS, detail=d))) for d in ("none", "where", "kind"))

    assert "attachment 1" not in none
    assert "first person" not in none
    assert "Where to look: attachment 1, page 4" in where
    assert "Could not be read: attachment 2 (locked)" in where
    assert "Person to check: the first person in Cc" in where
    assert "an address" not in where
    assert "What to look for: an address" in kind


def test_reviewers_get_numbers_and_a_link_that_does_nothing_by_itself():
    said = flat(text(render(Kind.TASK)))

    assert "Policy: Safe addresses" in said
    assert "https://email-check.council.example/c/7K4M-2QXR" in said
    assert "attachment 1, page 4" not in said


OWN_WORDS = (
    "Message {reference}, sent {sent_at}, is on hold under {notice_title} for {held_count} recipient; {delivered_count}"
    " received it. {role} will decide by {deadline}. Look at {where} of {attachment_count} files.\n\n"
    "If a life is at risk phone {urgent_phone}. Help: {help_url}"
)
ALWAYS = (
    "Your email has not been sent to 1 of the people on it.",
    "Do not send it again by another route.",
    "The people it is held from were not told.",
    "The safeguarding team will look at it by 4:15pm today.",
    "Call 01632 960001 at any time and give the reference 7K4M-2QXR.",
    "If someone is in immediate danger, call 999.",
    "An automatic check could not read all of it.",
    "A hold is a routine check.",
)


def authored(**changes) -> Original:
    return replace(ORIGINAL, **changes)


def test_the_authors_words_stand_in_the_place_of_our_explanation_and_nothing_else():
    mail = render(original=authored(sender_text=OWN_WORDS))

    said = flat(text(mail))
    assert (
        "Why it is on hold Message 7K4M-2QXR, sent today at 2:14pm, is on hold under a check on protected information"
        " for 1 recipient; 2 received it. The safeguarding team will decide by 4:15pm today."
        " Look at attachment 1, page 4 of 2 files. If a life is at risk phone 01632 960001."
        " Help: https://intranet.council.example/held?a=1&b=2"
    ) in said
    assert all(sentence in said for sentence in ALWAYS)
    assert "found information that may need protecting" not in said
    assert "may not be meant to see it" not in said
    standard = flat(text(render()))
    assert all(sentence in standard for sentence in ALWAYS)
    assert "found information that may need protecting. " in standard
    assert "At least one person on the email may not be meant to see it." in standard


def test_both_forms_of_the_notice_have_the_authors_paragraphs_and_no_markup_of_his():
    body = page(render(original=authored(sender_text="<b>Wait</b> & see.\n\nSecond.")))

    assert "<p>&lt;b&gt;Wait&lt;/b&gt; &amp; see.</p>\n<p>Second.</p>" in body.replace("\r\n", "\n")


def test_words_of_which_no_sentence_is_left_leave_ours():
    said = flat(
        text(render(original=authored(sender_text="Help: {help_url}"), settings=replace(SETTINGS, help_url="")))
    )

    assert "found information that may need protecting" in said


@pytest.mark.parametrize("kind", Kind)
def test_the_authors_words_are_for_the_first_notice_to_whom_they_were_written(kind):
    both = authored(sender_text="For the sender.", reviewers_text="About {policy_title}.")

    said = flat(text(render(kind, original=both)))

    assert ("For the sender." in said) is (kind is Kind.HELD)
    assert ("About Safe addresses." in said) is (kind is Kind.TASK)
    assert "For the sender." not in flat(text(render(kind, original=both, minimal=True)))
    assert "For the sender." not in flat(text(render(kind, original=both, authored=False)))


def test_what_a_policy_refused_at_once_has_the_authors_words_and_what_a_person_refused_has_not():
    own = authored(sender_text="Papers like this go by post.")

    by_policy, by_person = (
        flat(text(render(Kind.REFUSED, held=replace(HELD, decided_by=who), original=own))) for who in ("policy", "alex")
    )

    assert "Why it was not sent Papers like this go by post. A rule says" in by_policy
    assert "Papers" not in by_person


def test_a_preview_shows_the_authors_words():
    assert "Wait for 0000-TEST." in text(notices.preview(Kind.HELD, SETTINGS, now=NOW, text="Wait for {reference}."))


def test_minimal_notice_says_nothing_but_what_happened():
    mail = render(minimal=True)

    assert parsed(mail)["In-Reply-To"] is None
    assert text(mail).startswith("An email is on hold and has not been sent.\n")
    assert "attachment" not in text(mail)


def test_alert_about_no_hold_can_be_told():
    occasion = Occasion(NOW, serial=9, answer="guard refused mail without a decision")

    mail = notices.render(Kind.ALERT, None, settings=SETTINGS, occasion=occasion)

    assert "Something tried to send mail through the release door" in flat(text(mail))
    assert "hold show" not in text(mail)
    assert parsed(mail)["Message-ID"] == "<A9.alert.9@council.example>"


# -- places and times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spot", "words"),
    [
        (Spot(1, "page", 4), "attachment 1, page 4"),
        (Spot(2, "sheet", 3), "attachment 2, sheet 3"),
        (Spot(2, "sheet", 3, row=7, cell="B7"), "attachment 2, sheet 3, cell B7"),
        (Spot(2, "sheet", 3, row=7), "attachment 2, sheet 3, row 7"),
        (Spot(2, "sheet_name", 3), "attachment 2, the name of sheet 3"),
        (Spot(2, "comment", 3, row=7, cell="B7"), "attachment 2, a comment on sheet 3, cell B7"),
        (Spot(2, "comment", 3), "attachment 2, a comment"),
        (Spot(2, "text", row=7, cell="B7"), "attachment 2, cell B7"),
        (Spot(1, "page", 4, inside=True), "a file inside attachment 1, page 4"),
        (Spot(1, "text", inside=True), "a file inside attachment 1"),
        (Spot(2, "text"), "attachment 2"),
        (Spot(1, "body"), "attachment 1"),
        (Spot(1, "filename"), "attachment 1, its file name"),
        (Spot(0, "body"), "the text of the email"),
        (Spot(0, "subject"), "the subject line"),
        (Spot(0, "quoted"), "the earlier emails below your text"),
        (Spot(0, "strange"), "the text of the email"),
    ],
)
def test_places_are_said_by_number_never_by_name(spot, words):
    said = text(render(original=replace(ORIGINAL, look=Look((spot,)))))

    assert f"Where to look: {words}\n" in said


def test_many_places_are_cut_short():
    spots = tuple(Spot(1, "page", n) for n in range(1, 9))

    said = flat(text(render(original=replace(ORIGINAL, look=Look(spots)))))

    assert "page 4; and other places" in said
    assert "page 5" not in said


def test_persons_beyond_the_tenth_and_the_third():
    look = Look(persons=(("to", 12), ("cc", 2), ("cc", 3), ("cc", 4)))

    said = flat(text(render(original=replace(ORIGINAL, look=look))))

    assert "person 12 in To; the second person in Cc; the third person in Cc; and others" in said


LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("moment", "at", "by"),
    [
        (datetime(2026, 6, 1, 13, 14, tzinfo=UTC), "today at 2:14pm", "2:14pm today"),
        (datetime(2026, 6, 1, 11, 0, tzinfo=UTC), "today at midday", "midday today"),
        (datetime(2026, 5, 31, 23, 5, tzinfo=UTC), "today at 12:05am", "12:05am today"),
        (datetime(2026, 5, 31, 15, 0, tzinfo=UTC), "yesterday at 4pm", "4pm yesterday"),
        (datetime(2026, 6, 2, 8, 30, tzinfo=UTC), "tomorrow at 9:30am", "9:30am tomorrow"),
        (datetime(2026, 6, 5, 8, 30, tzinfo=UTC), "on Friday 5 June at 9:30am", "9:30am on Friday 5 June"),
        (datetime(2027, 1, 5, 9, 30, tzinfo=UTC), "on Tuesday 5 January 2027 at 9:30am", None),
        # Summer time ends on 25 October 2026 at 01:00 UTC: 1:30am comes twice.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "on Sunday 25 October at 1:30am (BST)", None),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "on Sunday 25 October at 1:30am (GMT)", None),
    ],
)
def test_times_are_said_as_people_say_them(moment, at, by):
    now = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
    english = wording.wording("en")

    assert english.moment(moment, now, LONDON) == at
    if by is not None:
        assert english.moment(moment, now, LONDON, form="by") == by


def test_the_day_is_the_days_of_the_timezone_not_of_utc():
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)

    assert wording.wording("en").moment(late, late + timedelta(hours=1), LONDON).startswith("today")


# -- the language -----------------------------------------------------------------------------------------------


def test_every_word_that_code_asks_for_exists():
    words = wording.wording("en").words

    for reason in ("encrypted", "corrupt", "too_large", "too_deep", "too_many", "timed_out", "crashed", "unsupported"):
        assert f"unread.{reason}" in words
    for kind in Kind:
        if kind is not Kind.UNHEARD:
            assert {f"outcome.{kind}", f"outcome_short.{kind}"} <= words.keys()
    for key in notices.compose.ALERTS.values():
        assert {f"alert.{key}", f"alert_todo.{key}"} <= words.keys()


def test_template_with_an_unknown_name_is_refused():
    with pytest.raises(wording.WordingError, match="subject_line"):
        wording._template("en/x.txt", "Subject: a\n\nb {subject_line}\n")


def test_template_without_a_subject_is_refused():
    with pytest.raises(wording.WordingError, match="Subject"):
        wording._template("en/x.txt", "Hello\n\nb\n")


@pytest.mark.parametrize("language", ["xx", "../en", ""])
def test_unknown_language_is_refused(language):
    with pytest.raises(wording.WordingError):
        wording.wording(language)


def test_heading_with_nothing_left_below_it_is_left_out():
    template = wording._template("x", "Subject: s\n\n# Gone\n\n{link}\n\n# Kept\n\nText.\n")

    _, blocks = template.filled({})

    assert [line for block in blocks for _, line in block.lines] == ["Kept", "Text."]


@pytest.mark.parametrize("kind", SIX)
def test_no_notice_leaves_a_name_unfilled(kind):
    assert "{" not in text(render(kind)) + str(parsed(render(kind))["Subject"])


@pytest.mark.parametrize("kind", Kind)
def test_preview_shows_every_notice(kind):
    mail = notices.preview(kind, SETTINGS, now=NOW, role="safeguarding", policy="safe-address")

    assert "0000-TEST" in parsed(mail)["Subject"]
    assert "{" not in text(mail)


def test_line_about_attachments_stands_only_where_there_are_some():
    assert "hidden rows" in text(render())
    assert "hidden rows" not in text(render(held=replace(HELD, attachment_count=0)))


def test_refused_notice_says_whether_a_person_or_a_rule_refused():
    by_rule, by_kim = (flat(text(render(Kind.REFUSED, held=replace(HELD, decided_by=b)))) for b in ("policy", "kim"))

    assert "A rule says" in by_rule
    assert "looked at it" not in by_rule
    assert "The safeguarding team looked at it" in by_kim
