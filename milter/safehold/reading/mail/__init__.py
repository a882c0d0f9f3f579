# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of mail: MIME with repairs, signed and sealed messages, and what Outlook makes."""
