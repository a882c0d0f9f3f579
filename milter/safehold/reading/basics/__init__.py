# SPDX-License-Identifier: GPL-3.0-or-later
"""What readers of several formats share: bytes, character sets, types, containers of old, numbers and colours."""
