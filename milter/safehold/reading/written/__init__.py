# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of what is text already: plain text, tables, HTML, calendars and address cards."""
