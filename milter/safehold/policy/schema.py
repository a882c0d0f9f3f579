# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy language as JSON Schema, draft 7: what YAML editors complete, explain and underline by.

Keys, their meanings and every closed set come from the tables that the loader reads (:mod:`safehold.policy.keys`);
here stands only which shape a value has.  A key that is not built is left out, so that no editor offers it.  The schema
takes whatever the loader takes; what it cannot say (names that must exist, numbers that exclude each other) is said by
``policy check``.  Scalars are text to us and typed by the editor, so a number may stand wherever a text may.  Pure.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from safehold.policy.keys import CHOICES, FIELDS, IDENTIFIERS, KEYS, LOCAL, TYPES

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_NUMBER: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,6}$"}]}
_YES: Schema = {"enum": [True, False, "yes", "no", "true", "false"]}
_ANY: Schema = {"const": "any"}


def _one(*choices: str) -> Schema:
    numbers = [int(choice) for choice in choices if choice.isdigit()]
    return {"enum": [*map(str, choices), *numbers]}


def _spelt(pattern: str, *examples: str) -> Schema:
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


def _several(item: Schema) -> Schema:
    """Return a list of items, for which one of them may stand (any of)."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _either(*shapes: Schema) -> Schema:
    return {"anyOf": list(shapes)}


def _named(value: Schema) -> Schema:
    """Return a mapping whose keys are names that the author chooses."""
    return {"type": "object", "additionalProperties": value}


def _table(context: str) -> Schema:
    return {"$ref": f"#/definitions/{context.replace(' ', '-')}"}


_TEXTS = _several(_TEXT)
_DAY = _spelt("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2026-01-31")
_DAYS = _spelt("^[0-9]{1,4} ?[Dd][Aa][Yy][Ss]?$", "90 days")
_TIME = _spelt("^[0-9]{1,5} ?([Mm]inute|[Hh]our|[Dd]ay)s?$", "30 minutes", "2 hours", "1 day")
_SIZE = _spelt("^[0-9]{1,6} ?([kK][bB]|[mM][bB]|[gG][bB])$", "500 kB", "10 MB")
_WITHIN = _either(
    _one("message", "part", "page", "paragraph"), _spelt("^[0-9]{1,6} ?([Ww]ord|[Cc]haracter)s?$", "40 words")
)
_ID = _spelt("^[a-z0-9]+(-[a-z0-9]+)*$", "refuge-address")
_ACTION = _one(*CHOICES["action"])
_RELATION = _several(_either(_one(*CHOICES["relation"]), _table("relation")))
_WHERE = _several(_one(*CHOICES["in"]))
_UNREAD = _either(
    _ACTION,
    {
        "type": "object",
        "properties": dict.fromkeys((*map(str, CHOICES["reason"]), "unreadable", "else"), _ACTION),
        "additionalProperties": False,
    },
)
_REGISTER = _TEXTS
_FIELDS = _several(_one(*sorted(FIELDS)))


def _nested(context: str, also: Schema | None = None) -> Mapping[str, Schema]:
    inner = _several(_either(_table(context), also) if also is not None else _table(context))
    return dict.fromkeys(("all", "any", "not"), inner)


# Conditions inside all, any and not: as those of when, without what is said once.
_INNER = "conditions"
_SAID_ONCE = frozenset({"direction"})

# What a mapping is called in a complaint -> its keys -> the shape of their values.
SHAPES: Mapping[str, Mapping[str, Schema]] = {
    "a policy file": {
        "version": {"enum": [1, "1"]},
        "include": _TEXTS,
        "kinds": {
            "type": "object",
            "properties": dict.fromkeys(map(str, CHOICES["kind"]), _TEXTS),
            "additionalProperties": False,
        },
        "roles": _named(_TEXTS),
        "lists": _named(_table("a list")),
        "document_types": _named(_table("a document type")),
        "registers": _named(_either(_one("store"), _table("a register"))),
        "reviewers": _named(_table("a reviewers' role")),
        "messages": _named(_TEXT),
        "defaults": _table("defaults"),
        "policies": _either({"type": "array", "items": _table("a policy")}, _table("a policy")),
    },
    "a policy": {
        "id": _ID,
        "title": _TEXT,
        "why": _TEXT,
        "owner": _TEXT,
        "severity": _one(*CHOICES["severity"]),
        "mode": _one(*CHOICES["mode"]),
        "notice_title": _TEXT,
        "shadow_until": _DAY,
        "review_by": _DAY,
        "when": _table("when"),
        "unless": _several(_table("an exception")),
        "repeat": _table("repeat"),
        "then": _table("then"),
        "if_uninspectable": _UNREAD,
    },
    "defaults": {
        "mode": _one(*CHOICES["mode"]),
        "severity": _one(*CHOICES["severity"]),
        "then": _table("then"),
        "if_uninspectable": _UNREAD,
    },
    "when": {
        "direction": _one(*CHOICES["direction"]),
        "sender": _table("sender"),
        "recipients": _either(_ANY, _table("recipients")),
        "content": _either(_ANY, _table("content")),
        "attachments": _table("attachments"),
        "documents": _table("documents"),
        **_nested(_INNER),
        "within": _WITHIN,
        "in": _WHERE,
        "ocr": _YES,
    },
    "recipients": {
        "address": _TEXTS,
        "list": _TEXTS,
        "domain": _TEXTS,
        "domain_under": _TEXTS,
        "scope": _several(_one(*CHOICES["scope"])),
        "kind": _several(_one(*CHOICES["kind"])),
        "relation": _RELATION,
        "addressee": _RELATION,
        "visible_count": _table("visible_count"),
        "first_contact": _DAYS,
        **_nested("recipients"),
    },
    "sender": {
        "address": _TEXTS,
        "list": _TEXTS,
        "domain": _TEXTS,
        "group": _TEXTS,
        "first_contact": _DAYS,
        **_nested("sender"),
    },
    "relation": {"is": _one(*CHOICES["relation"]), "of": _one("anyone")},
    "visible_count": {"at_least": _NUMBER, "scope": _one(*CHOICES["scope"])},
    "content": {
        "register": _REGISTER,
        "fields": _FIELDS,
        "strength": _one(*CHOICES["strength"]),
        "people": _NUMBER,
        "fields_at_least": _NUMBER,
        "identifier": _several(_table("identifier")),
        "regex": _table("regex"),
        "phrases": _TEXTS,
        "document_type": _TEXTS,
        "marking": _several(_one(*CHOICES["marking"])),
        **_nested("content", _ANY),
        "within": _WITHIN,
        "in": _WHERE,
        "ocr": _YES,
    },
    "identifier": {
        "kind": _several(_either(_one(*IDENTIFIERS), _spelt(f"^{LOCAL}", f"{LOCAL}case-numbers"))),
        "near": _TEXTS,
        "within": _WITHIN,
        "at_least": _NUMBER,
    },
    "attachments": {
        "type": _several(_either(_one(*TYPES), _spelt("/", "image/png"))),
        "name": _TEXTS,
        "larger_than": _SIZE,
        "count": _NUMBER,
        "state": _several(_one(*CHOICES["state"])),
        "redaction": _several(_one(*CHOICES["redaction"])),
        "hidden": _several(_one(*CHOICES["hidden"])),
        **_nested("attachments"),
    },
    "documents": {
        "type": _TEXTS,
        "redaction": _several(_one(*CHOICES["document redaction"])),
        "protected": _table("protected"),
        **_nested("documents"),
    },
    "protected": {"register": _REGISTER, "fields": _FIELDS},
    "a document type": {
        "title_any": _TEXTS,
        "heading_any": _TEXTS,
        "body_any": _TEXTS,
        "form_number": _TEXTS,
        "at_least": _NUMBER,
    },
    "an exception": {
        "id": _ID,
        "reason": _TEXT,
        "approved_by": _TEXT,
        "expires": _DAY,
        "sender": _table("sender"),
        "recipients": _either(_ANY, _table("recipients")),
        "content": _either(_ANY, _table("content")),
        "attachments": _table("attachments"),
        "within": _WITHIN,
        "in": _WHERE,
    },
    "repeat": {
        "per": _one(*CHOICES["per"]),
        "at_least": _NUMBER,
        "in": _DAYS,
        "raise_to": _one(*CHOICES["severity"]),
    },
    "regex": {"pattern": _TEXTS, "at_least": _NUMBER},
    "then": {
        "action": _ACTION,
        "review": _TEXT,
        "approvals": _one(*CHOICES["approvals"]),
        "deadline": _TIME,
        "at_deadline": _one(*CHOICES["at_deadline"]),
        "deliver_others": _YES,
        "sender_may": _several(_one(*CHOICES["sender_may"])),
        "notify": _table("notify"),
        "notice_detail": _one(*CHOICES["notice_detail"]),
    },
    "notify": {"sender": _TEXT, "reviewers": _TEXT, "owner": _TEXT},
    "a list": {
        "kind": _one(*CHOICES["list kind"]),
        "items": _TEXTS,
        "file": _TEXTS,
        "builtin": _one(*CHOICES["builtin"]),
        "plus": _TEXTS,
        "minus": _TEXTS,
        "at_most_age": _DAYS,
    },
    "a register": {"file": _TEXTS},
    "a reviewers' role": {"members": _TEXTS, "cover": _TEXT, "hours": _one(*CHOICES["hours"])},
}

REQUIRED: Mapping[str, Sequence[str]] = {
    "a policy file": ("version",),
    "a policy": ("id", "title", "why", "owner", "when"),
    "relation": ("is",),
    "visible_count": ("at_least",),
    "identifier": ("kind",),
    "protected": ("register",),
    "an exception": ("id", "reason", "approved_by", "expires"),
    "repeat": ("per", "at_least", "in"),
    "regex": ("pattern",),
    "a list": ("kind",),
    "a register": ("file",),
}


def schema() -> Schema:
    """Return the schema of a policy file."""
    root = _object("a policy file")
    return {
        "$schema": DRAFT,
        "title": "safehold policy file, version 1",
        **root,
        "definitions": {
            context.replace(" ", "-"): _object(context) for context in sorted(KEYS) if context != "a policy file"
        }
        | {_INNER: _object("when", without=_SAID_ONCE)},
    }


def _object(context: str, without: AbstractSet[str] = frozenset()) -> Schema:
    shapes = SHAPES[context]
    return {
        "type": "object",
        "properties": {
            name: {"description": key.meaning, **shapes[name]} if "$ref" not in shapes[name] else _told(name, context)
            for name, key in KEYS[context].items()
            if key.built and name not in without
        },
        "required": list(REQUIRED.get(context, ())),
        "additionalProperties": False,
    }


def _told(name: str, context: str) -> Schema:
    """Return a reference with a meaning of its own: beside "$ref", draft 7 heeds nothing."""
    return {"description": KEYS[context][name].meaning, "allOf": [SHAPES[context][name]]}
