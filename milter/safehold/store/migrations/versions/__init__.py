# SPDX-License-Identifier: GPL-3.0-or-later
"""One module a revision; never edited once released."""
