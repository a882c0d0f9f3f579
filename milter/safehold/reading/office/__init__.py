# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of Word, Excel and PowerPoint since 2007 (OOXML)."""
