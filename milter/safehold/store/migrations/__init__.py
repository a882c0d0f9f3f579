# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tables come to be and change: Alembic, shipped with the package, forwards only."""
