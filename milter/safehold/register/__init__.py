# SPDX-License-Identifier: GPL-3.0-or-later
"""The register: the protected people, how they are imported, and the index that messages are held against.

:mod:`people` holds the values, :mod:`importing` reads the files that people write, :mod:`index` answers who a
recipient is to whom and whose value a text holds.  Below them: :mod:`addresses`, :mod:`names`, :mod:`words` and
:mod:`keys`, which bring both sides to one form.  All of it is pure; sealed rows live in :mod:`safehold.store`.
"""
