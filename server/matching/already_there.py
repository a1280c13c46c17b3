"""Is there already an authorization, or a request under way, for the service that is being asked for?

Portals do not stop duplicates. Where one stands, a second request is denied as a duplicate or splits the
units; so it is said before the request is sent. Not every one is a mistake (a renewal, a second side), so it
is never a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from portal_profiles.vocabulary import APPROVING, Determination
from server.matching.comparison import Asked, CodeFit, Comparison
from server.matching.facts import Authorization, Policy, Service
from server.matching.finding import Candidate

#: Under these a request of the same service stands or is being decided.
STANDING = APPROVING | {
    Determination.SUBMITTED,
    Determination.PENDED,
    Determination.MORE_INFORMATION_NEEDED,
    Determination.IN_APPEAL,
}


def already_there(
    services: Iterable[Service],
    candidates: Sequence[Candidate],
    authorizations: Mapping[str, Authorization],
    policy: Policy,
) -> tuple[str, ...]:
    """The ids of the candidates under which one of the services is approved or asked for already, best first.

    candidates: those of the choice, so authorizations of the same patient. A service without a code tells
    nothing; days that neither side states do not speak against.
    """
    asked = [Asked(service) for service in services]
    found = []
    for candidate in candidates:
        authorization = authorizations[candidate.authorization_id]
        if authorization.determination in STANDING and any(
            _is_for(one, authorization, policy) for one in asked
        ):
            found.append(candidate.authorization_id)
    return tuple(dict.fromkeys(found))


def _is_for(asked: Asked, authorization: Authorization, policy: Policy) -> bool:
    if not asked.has_code():
        return False
    comparison = Comparison(asked, authorization, policy)
    if comparison.fit < CodeFit.EQUIVALENT:
        return False
    first = asked.service.date_from or asked.service.admission_date
    last = asked.service.date_to or first
    if first is not None and authorization.expiry is not None and first > authorization.expiry:
        return False
    return not (last is not None and authorization.effective is not None and last < authorization.effective)
