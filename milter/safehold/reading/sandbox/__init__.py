# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls around reading, and the processes behind them: zygote, workers, spares."""
