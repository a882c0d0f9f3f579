# SPDX-License-Identifier: GPL-3.0-or-later
"""Who and what a text contains: people of the register (:mod:`people`), addressees of letters, words.

Pure: segments in, findings out.  A finding says where and how sure, never what.
"""
