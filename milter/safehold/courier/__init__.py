# SPDX-License-Identifier: GPL-3.0-or-later
"""The courier: works the outbox, so that people hear and released mail leaves.  :class:`Courier` is the face."""

from safehold.courier.courier import Courier as Courier
from safehold.courier.settings import CourierSettings as CourierSettings
