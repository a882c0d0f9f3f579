# SPDX-License-Identifier: GPL-3.0-or-later
"""safehold: holds mail whose recipients and contents together would put somebody in danger.

The root package re-exports nothing; import the module you need (``from safehold import policy``).
"""

__version__ = "0.1.0"
