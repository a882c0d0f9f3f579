# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of the language, version 1: one table for the loader, for did-you-mean and for the JSON Schema.

So they cannot disagree.  A key that is of the language and not built is refused by name: one that stood there and did
nothing would promise what nobody keeps.
"""

from dataclasses import dataclass

from safehold.model import Action, Reason, Scope, Strength
from safehold.policy.language import Kind, Mode, Per, Relation, Severity, Where


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it means in a few words, and whether it is built."""

    meaning: str
    built: bool = True


def _later(meaning: str) -> Key:
    return Key(meaning, built=False)


_NESTING = {
    "all": Key("every one of these conditions"),
    "any": Key("at least one of these conditions"),
    "not": Key("none of these conditions"),
}
_NEARNESS = {
    "within": Key('how near the hits must stand: "40 words", "300 characters", paragraph, page, part or message'),
    "in": Key("where to look: subject, body, quoted, attachment, filename, metadata, hidden, ocr"),
    "ocr": Key("no: do not read pictures of text for this policy, unless a recipient is adverse to somebody"),
}

# What a mapping is called in a complaint -> its keys.
KEYS: dict[str, dict[str, Key]] = {
    "a policy file": {
        "version": Key("the version of the language: 1"),
        "include": Key("further files, as globs relative to this one"),
        "kinds": Key("which addresses and domains are of a recipient kind"),
        "roles": Key("which addresses and domains have a role"),
        "lists": Key("named lists of domains, addresses, phrases or patterns"),
        "document_types": Key("what a kind of document looks like"),
        "registers": Key("where the people of a register come from"),
        "reviewers": Key("who decides about held messages"),
        "messages": Key("texts of yours for notices, by the names that notify gives"),
        "defaults": Key("mode, severity, then and if_uninspectable of the policies of this file"),
        "policies": Key("the rules"),
    },
    "a policy": {
        "id": Key("lower-kebab name, never used again"),
        "title": Key("one line for reviewers"),
        "why": Key("law, case or risk; shown to reviewers only"),
        "owner": Key("who answers for this policy"),
        "severity": Key("low, medium, high or critical"),
        "mode": Key("off, shadow (if unset) or enforce"),
        "notice_title": Key("what the sender reads in place of the title"),
        "shadow_until": Key("the day on which shadow should end"),
        "review_by": Key("the day by which to look at it again"),
        "when": Key("its conditions"),
        "unless": Key("expiring exceptions"),
        "repeat": Key("how often in how many days"),
        "then": Key("what to do"),
        "if_uninspectable": Key("what to do where a part cannot be read"),
    },
    "defaults": {
        "mode": Key("off, shadow or enforce"),
        "severity": Key("low, medium, high or critical"),
        "then": Key("what to do"),
        "if_uninspectable": Key("what to do where a part cannot be read"),
    },
    "when": {
        "direction": Key("outbound, internal, inbound or any; unset: from us"),
        "sender": Key("conditions on the sender"),
        "recipients": Key("who would get it"),
        "content": Key("what it holds"),
        "attachments": Key("conditions on attachments"),
        "documents": Key("conditions on documents"),
        "all": Key("every one of these conditions"),
        "any": Key("at least one of these conditions"),
        "not": Key("none of these conditions"),
        **_NEARNESS,
    },
    "recipients": {
        "address": Key("a mail address"),
        "list": Key("a list of addresses or domains"),
        "domain": Key("exactly this domain"),
        "domain_under": Key("this domain and all below it"),
        "scope": Key("internal, external or partner"),
        "kind": Key("personal-mail, role-mailbox or print-and-post"),
        "relation": Key("what the recipient is to the person found"),
        "addressee": Key("what the addressee of a letter is to the person found"),
        "visible_count": Key("how many addresses stand in To and Cc"),
        "first_contact": Key("nobody here wrote to this address for so long"),
        **_NESTING,
    },
    "sender": {
        "address": Key("a mail address"),
        "list": Key("a list of addresses or domains"),
        "domain": Key("exactly this domain"),
        "group": Key("one of the roles: of this file set"),
        "first_contact": Key("no mail was accepted from this sender for so long"),
        **_NESTING,
    },
    "relation": {"is": Key("the relation"), "of": Key("anyone: ask the whole register")},
    "visible_count": {
        "at_least": Key("how many addresses"),
        "scope": Key("of which scope; unset: of any"),
    },
    "content": {
        "register": Key("a register of protected people"),
        "fields": Key("which of their values"),
        "strength": Key("the weakest finding that counts: certain, likely or hint"),
        "people": Key("how many different people"),
        "fields_at_least": Key("how many different fields of one person"),
        "identifier": Key("official numbers"),
        "regex": Key("a pattern and how many different texts it must take"),
        "phrases": Key("a list of phrases"),
        "document_type": Key("a kind of document"),
        "marking": Key("a protective marking"),
        **_NESTING,
        **_NEARNESS,
    },
    "identifier": {
        "kind": Key("which official number"),
        "near": Key("words of which one must stand beside it; unset: those that go with the kind"),
        "within": Key('how near they must stand: "10 words" if unset'),
        "at_least": Key("how many different numbers"),
    },
    "attachments": {
        "type": Key("a family of types (pdf, archive, picture ...) or a media type"),
        "name": Key('a file name, * for anything: "*.zip"'),
        "larger_than": Key('how large it must be: "500 kB", "10 MB"'),
        "count": Key("at least so many of them"),
        "state": Key("why it could not be read, or unreadable for any reason"),
        "redaction": Key("a redaction that fails: any, or which kind"),
        "hidden": Key("something that it hides: any, or which kind"),
        **_NESTING,
    },
    "documents": {
        "type": Key("one of document_types"),
        "redaction": Key("how far it is redacted: unredacted, partial, failed, not_searched, redacted"),
        "protected": Key("whose data must be redacted in it: {register, fields}"),
        **_NESTING,
    },
    "protected": {"register": Key("a register of protected people"), "fields": Key("which of their values")},
    "a document type": {
        "title_any": Key("phrases in the first heading, the title property or the subject"),
        "heading_any": Key("phrases in a heading"),
        "body_any": Key("phrases anywhere"),
        "form_number": Key("numbers of forms, such as FL401"),
        "at_least": Key("how many different ones are enough"),
    },
    "an exception": {
        "id": Key("lower-kebab name"),
        "reason": Key("why"),
        "approved_by": Key("who answers for it"),
        "expires": Key("its last day, at most a year ahead"),
        "sender": Key("conditions on the sender, proven ones only"),
        "recipients": Key("who gets it"),
        "content": Key("what the same part holds"),
        "attachments": Key("conditions on the attachment"),
        "within": _NEARNESS["within"],
        "in": _NEARNESS["in"],
    },
    "repeat": {
        "per": Key("sender or recipient"),
        "at_least": Key("how many matches, this one included"),
        "in": Key('in how many days: "30 days"'),
        "raise_to": Key("the severity from then on; unset: the policy acts from then on only"),
    },
    "regex": {"pattern": Key("an RE2 pattern"), "at_least": Key("how many different texts it must take")},
    "then": {
        "action": Key("hold, reject or notify"),
        "review": Key("the role that decides"),
        "approvals": Key("how many different people must agree to a release: 1 or 2"),
        "deadline": Key('how long those who decide have: "30 minutes", "2 hours", "1 day"'),
        "at_deadline": _later("escalate or return"),
        "deliver_others": Key("no: hold the other recipients' copies too"),
        "sender_may": _later("cancel, explain"),
        "notify": Key("which of your messages stands in whose notice of a hold"),
        "notice_detail": _later("none, where or kind"),
    },
    "notify": {
        "sender": Key("the message for the sender"),
        "reviewers": Key("the message for reviewers"),
        "owner": _later("the message for the owner"),
    },
    "a list": {
        "kind": Key("domain, address, phrase or regex"),
        "items": Key("the items themselves"),
        "file": Key("a text file, one item a line"),
        "builtin": Key("a list that safehold brings along: personal-mail"),
        "plus": Key("items to add"),
        "minus": Key("items to take away"),
        "at_most_age": Key("how old the list may be"),
    },
    "a register": {"file": Key("a file of people beside the policies")},
    "a reviewers' role": {
        "members": Key("addresses, or a list file"),
        "cover": _later("the role that stands in"),
        "hours": Key("when they decide: all hours, or office hours only (settings: calendar); deadlines count these"),
    },
}

# What an author can write today in place of a key that is not built.
IN_PLACE_OF = {
    "at_deadline": "a hold that nobody decides is never released; its sender hears when it expires",
    "sender_may": "take the line out; a sender can always ask the reviewers, who cancel",
    "notice_detail": "how much every sender is told stands in the settings: notices.detail",
    "cover": "name the people who stand in among the members, and under notices.reviewers in the settings",
}

# Where a fired policy of the full language also stands on the content half of `when`.
CONTENT_HALF = ("content", "attachments", "documents")
RECIPIENT_HALF = ("recipients", "sender")

# What `identifier` means among fields; everything else is a kind of value of a person.
IDENTIFIER_FIELDS = frozenset({"nhs_number", "chi", "nino", "uprn", "case_reference", "vehicle"})
FIELDS = frozenset(
    {"address", "postcode", "phone", "email", "name", "alias", "school", "identifier"} | IDENTIFIER_FIELDS
)

PLACEHOLDERS = (
    "reference",
    "sent_at",
    "notice_title",
    "where",
    "attachment_count",
    "role",
    "deadline",
    "held_count",
    "delivered_count",
    "urgent_phone",
    "help_url",
)
REVIEWER_PLACEHOLDERS = ("policy_title",)

# Official numbers that `identifier` knows by their form and check digits (policy-language, section 3).
IDENTIFIERS = (
    "nhs_number",
    "chi",
    "nino",
    "uprn",
    "postcode",
    "family_case",
    "criminal_case",
    "prison_number",
    "phone",
    "email",
    "date_of_birth",
)
# A site's own numbers: a list of kind regex by this name.
LOCAL = "local:"

MARKINGS = ("official", "official-sensitive", "official-personal", "protect", "restricted", "secret", "top-secret")

TYPES = ("pdf", "word", "spreadsheet", "presentation", "picture", "archive", "mail", "text", "web-page", "calendar")

HIDINGS = (
    "hidden_sheet",
    "hidden_rows",
    "pivot_cache",
    "tracked_changes",
    "comments",
    "speaker_notes",
    "old_revision",
    "embedded_file",
    "cropped_image",
    "metadata",
)

REDACTION_KINDS = (
    "text_under_box",
    "black_highlight",
    "same_colour_text",
    "loose_annotation",
    "unapplied_mark",
    "pixelated",
)

CHOICES: dict[str, tuple[str, ...]] = {
    "severity": tuple(Severity),
    "mode": tuple(Mode),
    "direction": ("outbound", "internal", "inbound", "any"),
    "scope": (Scope.INTERNAL.value, Scope.EXTERNAL.value, Scope.PARTNER.value),
    "kind": tuple(Kind),
    "relation": tuple(Relation),
    "strength": tuple(Strength),
    "in": tuple(Where),
    "action": (Action.HOLD.value, Action.REJECT.value, Action.NOTIFY.value),
    "reason": tuple(Reason),
    "state": ("unreadable", *Reason),
    "identifier": IDENTIFIERS,
    "marking": MARKINGS,
    "hidden": ("any", *HIDINGS),
    "redaction": ("any", *REDACTION_KINDS, "suspect"),
    "document redaction": ("unredacted", "partial", "failed", "not_searched", "redacted"),
    "per": tuple(Per),
    "at_deadline": ("escalate", "return"),
    "sender_may": ("cancel", "explain"),
    "notice_detail": ("none", "where", "kind"),
    "hours": ("all", "office"),
    "list kind": ("domain", "address", "phrase", "regex"),
    "builtin": ("personal-mail",),
    "approvals": ("1", "2"),
}

# Said of on purpose postponed actions, so that nobody hunts for a spelling.
POSTPONED_ACTIONS = frozenset({"defer", "tag", "quarantine", "resend_bcc"})
