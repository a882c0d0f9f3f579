# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of Word, Excel and PowerPoint before 2007, of RTF, and of what they embed."""
