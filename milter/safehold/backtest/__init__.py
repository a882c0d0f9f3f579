# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies would have done to mail there was: counts and ids, never a word of the mail.

:mod:`mailboxes` finds the messages, :mod:`judging` judges one as the gateway would, :mod:`tally` adds up,
:mod:`running` gives all messages to some processes and can go on after it was killed, :mod:`report` is a page to print.
"""
