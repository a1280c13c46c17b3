"""Which of a portal's accounts an authorization is looked up with: a clinic with several organizations at one
portal sees each one's requests with that one's own sign-in only.

An account that names one of the authorization's providers goes first. Where such an account is closed nobody
else looks: another organization's account would say "not found" of what it may not see.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.db.tables import Authorization, PortalAccount


def choose_account(record: Authorization, accounts: Sequence[PortalAccount]) -> PortalAccount | None:
    """The open account for this authorization, or None. accounts: all of its portal, the oldest first."""
    providers = {
        npi
        for npi in (
            record.requesting_npi,
            record.billing_npi,
            record.facility_npi,
            *record.rendering_npis,
        )
        if npi
    }
    own = [account for account in accounts if providers.intersection(account.npis)]
    fitting = own or [account for account in accounts if not account.npis]
    return next((account for account in fitting if account.state == "open"), None)
