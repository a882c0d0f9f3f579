# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of OpenDocument text, sheets and slides."""
