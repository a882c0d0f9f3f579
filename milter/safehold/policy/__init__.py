# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies: YAML files in, a typed and complete set out; asked for every recipient of a message.

``load`` returns a :class:`PolicySet` or raises with *every* complaint; ``check`` returns the complaints, warnings and
notes that ``policy check`` prints; :mod:`safehold.policy.evaluate` asks.  The language is the contract in
``policies/README.md``.  Pure: files come in as bytes, the day as a value.
"""

from safehold.policy.check import check
from safehold.policy.load import PolicySet, is_policy_file, load

__all__ = ["PolicySet", "check", "is_policy_file", "load"]
