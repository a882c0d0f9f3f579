# SPDX-License-Identifier: GPL-3.0-or-later
"""The doors: how a mail system hands us a message and gets our reply.

``milterd`` speaks the milter protocol (pymilter), ``smtpd`` is a before-queue SMTP proxy (aiosmtpd).  Both gather a
message with :class:`safehold.frontends.conversation.Conversation`, show it to a judge (the gate or the release guard;
see :class:`safehold.frontends.service.Judge`) and turn the one Reply into what their protocol can say.  They know
nothing of policies, registers or stores.
"""
