# SPDX-License-Identifier: GPL-3.0-or-later
"""From hostile bytes to text with places.

The face is :class:`safehold.reading.pool.ReaderPool`; everything that looks at content runs behind it, in a
worker process without secrets.  The evidence for every choice here is in the design notes on reading.
"""
