# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of archives, and of formats that are reported rather than read."""
