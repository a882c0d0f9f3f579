# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving policies: their tests, and whether these would notice if a policy were another.

:mod:`cases` reads test files, :mod:`running` judges their messages as the gateway would, :mod:`mutants` changes the
policies to see who notices.
"""
