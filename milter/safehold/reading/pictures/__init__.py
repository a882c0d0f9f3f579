# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of pictures: what they say beside the pixels, and what the pixels say."""
