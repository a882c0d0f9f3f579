# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hold seals, as three fields of bytes, and back: envelope (JSON), evidence (JSON), message.  Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from safehold.errors import TamperedError
from safehold.model import Envelope, HeldContent, Recipient


def pack(content: HeldContent) -> dict[str, bytes]:
    """Return the fields to seal.  ``message`` is exactly the bytes received."""
    envelope = {
        "version": 1,
        "sender": content.envelope.sender,
        "parameters": list(content.envelope.parameters),
        "recipients": _listed(content.envelope.recipients),
        "held": _listed(content.held),
        "received": content.received,
        "identity": content.identity,
    }
    # ASCII escapes carry the lone surrogates of addresses that are no UTF-8; they come back as they were.
    words = json.dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return {"envelope": words, "evidence": content.evidence, "message": content.content}


def unpack(fields: Mapping[str, bytes]) -> HeldContent:
    """Return what :func:`pack` packed."""
    try:
        envelope = json.loads(fields["envelope"])
        return HeldContent(
            envelope=Envelope(envelope["sender"], _recipients(envelope["recipients"]), tuple(envelope["parameters"])),
            held=_recipients(envelope["held"]),
            content=fields["message"],
            evidence=fields["evidence"],
            received=envelope["received"],
            identity=envelope["identity"],
        )
    except (KeyError, TypeError, ValueError) as err:
        raise TamperedError("the sealed envelope is of an unknown shape") from err


def _listed(recipients: Sequence[Recipient]) -> list[Any]:
    return [[each.address, list(each.parameters)] for each in recipients]


def _recipients(listed: Sequence[Any]) -> tuple[Recipient, ...]:
    return tuple(Recipient(address, tuple(parameters)) for address, parameters in listed)
