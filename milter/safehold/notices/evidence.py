# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the evidence of a hold (the JSON that ``safehold.quarantine.evidence`` builds): positions and secrets.

Tolerant on purpose: what it does not know it walks through, so that a new field of the evidence is searched for
secrets before anybody teaches it here.  Pure; never raises.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Keys whose text is ours and not the message's: closed sets, ids, digests and sentences of the detectors.
_OUR_KEYS = """
    action answer attachment declared_type detail detector digest enforced field kind marks media_type number origin
    person persons policies_digest policy reason register_digest relation severity size_bytes strength title type
    value visibility why direction bytes is_attachment segment span start end state version policies handling
    notice_title review owner approvals deadline_s received_at queue_id declared words place_kind cell
"""
_OURS = frozenset(_OUR_KEYS.split())
_DELIVERED = "delivered"
_NOTICE_TEXTS = "notice_texts"
# Not of the message: addresses are looked for as such, an author's text is no secret.
_NOT_PROTECTED = frozenset({_DELIVERED, _NOTICE_TEXTS})


def parse(evidence: bytes) -> Mapping[str, Any]:
    """Return the evidence as a mapping; empty where it is none."""
    try:
        value = json.loads(evidence or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def protected_texts(evidence: bytes) -> tuple[str, ...]:
    """Return every text of the message in the evidence: excerpts, spans and whatever else is not ours."""
    return tuple(sorted(set(_texts({k: v for k, v in parse(evidence).items() if k not in _NOT_PROTECTED}))))


def register_values(evidence: bytes) -> tuple[str, ...]:
    """Return the texts that were found for being of a protected person."""
    found = (each for each in dicts(parse(evidence).get("findings")) if each.get("detector") == "register")
    excerpts = (each.get("excerpt") for each in found)
    matches = (each.get("match") for each in excerpts if isinstance(each, dict))
    return tuple(sorted({match for match in matches if isinstance(match, str)}))


def authored(evidence: Mapping[str, Any], whose: str) -> str:
    """Return the text that the policy's author wrote for the notices to *whose* (sender or reviewers), or ""."""
    texts = evidence.get(_NOTICE_TEXTS)
    text = texts.get(whose) if isinstance(texts, dict) else ""
    return text if isinstance(text, str) else ""


def delivered(evidence: bytes) -> tuple[str, ...]:
    """Return the addresses whose copy went on: each a secret as a whole, while its words are anybody's."""
    listed = parse(evidence).get(_DELIVERED)
    return tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()


def file_names(evidence: bytes) -> tuple[str, ...]:
    """Return every name in a part's path, without the numbers of nameless parts."""
    names = {step for path in _paths(parse(evidence)) for step in path.split("/")}
    return tuple(sorted(name for name in names if not name.isdigit() and name != "."))


def deciding(evidence: Mapping[str, Any]) -> tuple[tuple[Mapping[str, Any], ...], tuple[Mapping[str, Any], ...]]:
    """Return the findings and the problems for which somebody is held: those of enforced grounds for the action taken.

    What only a shadow policy found is not why, and a sender must not be sent to look for it.
    """
    findings: set[int] = set()
    problems: set[int] = set()
    for recipient in dicts(evidence.get("recipients")):
        for ground in dicts(recipient.get("grounds")):
            if ground.get("enforced") and ground.get("action") == recipient.get("action"):
                findings.update(_numbers(ground.get("findings")))
                problems.update(_numbers(ground.get("problems")))
    return _picked(evidence.get("findings"), findings), _picked(evidence.get("problems"), problems)


def dicts(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the mappings in a list; none where it is no list."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _numbers(value: Any) -> Iterator[int]:
    return (item for item in value if isinstance(item, int)) if isinstance(value, list) else iter(())


def _picked(value: Any, numbers: set[int]) -> tuple[Mapping[str, Any], ...]:
    return tuple(item for number, item in enumerate(value) if number in numbers) if isinstance(value, list) else ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not (name in _OURS and isinstance(inner, str)):
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"part", "path"} and isinstance(inner, str):
                yield inner
            else:
                yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)
