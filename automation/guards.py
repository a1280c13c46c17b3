"""Is this the row, is this the page, is it whole? Pure questions that stand before every reading.

Whose page it is, is `portal_profiles.identity`'s question; here it is which of a patient's requests it is.
"""

from __future__ import annotations

from dataclasses import replace

from automation.outcomes import Ended, OutcomeKind
from automation.reading import Seen, sentences
from portal_profiles.identity import WRONG_PATIENT, Identity, identifier_key, identify
from portal_profiles.interpret import interpret_row, match_rows
from portal_profiles.profile import Profile
from portal_profiles.query import Query
from portal_profiles.reading import Reading


def the_row(profile: Profile, seen: Seen, query: Query) -> int:
    """Which row of a result list is this query's. Raises Ended when it is none or not surely one."""
    assert profile.results is not None
    rows = [
        interpret_row(profile, seen.text, index)
        for index in range(len(seen.text.get("rows", {}).get(profile.results.rows, ())))
    ]
    fitting = match_rows(profile, seen.text, query)
    if len(fitting) > 1:
        fitting = tuple(index for index in fitting if not _ruled_out(rows[index], query))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Ended(OutcomeKind.AMBIGUOUS, f"{len(fitting)} requests in the portal match this record.")
    if not rows:
        raise Ended(
            OutcomeKind.PAGE_CHANGED, "The result list has no rows and does not say that there is nothing."
        )
    identities = [identify(row, query) for row in rows]
    if any(i.verdict == WRONG_PATIENT and "reference_number" in i.agree for i in identities):
        raise Ended(
            OutcomeKind.WRONG_PATIENT,
            "The portal lists this number under another patient. Nothing of it was kept.",
        )
    raise Ended(
        OutcomeKind.COULD_NOT_LOOK,
        f"The portal listed {len(rows)} requests; none of them agrees with the record.",
    )


def unlike(reading: Reading, identity: Identity, query: Query) -> tuple[str, ...]:
    """What says that the page is another request of the same patient, where no number says that it is this
    one.
    """
    if "reference_number" in identity.agree:
        return ()
    said = {code for line in reading.lines for code in (line.code, line.requested_code) if code}
    found = []
    if said and query.procedure_codes and not said.intersection(query.procedure_codes):
        found.append("procedure_code differs from the record, and no number says that it is this request")
    if _ruled_out(replace(reading, numbers=()), query):
        found.append("the dates lie outside the record's, and no number says that it is this request")
    return tuple(found)


def _ruled_out(row: Reading, query: Query) -> bool:
    """Whether a row that agrees is another request of the same patient: by its number, or by its dates."""
    if query.reference_number and row.numbers:
        wanted = identifier_key(query.reference_number)
        if all(identifier_key(number.value) != wanted for number in row.numbers):
            return True
    first, last = row.service_from or row.effective, row.service_to or row.expiry
    starts_after = first is not None and query.service_to is not None and first > query.service_to
    ends_before = last is not None and query.service_from is not None and last < query.service_from
    return starts_after or ends_before


def lacking(seen: Seen) -> tuple[str, ...]:
    """The required values that do not stand on the page for sure, as sentences."""
    assert seen.page is not None
    required = {f"fields.{key}" for key, spec in seen.page.fields.items() if spec.required}
    required |= {f"rows.{key}" for key, spec in seen.page.rows.items() if spec.required}
    unsure = [
        problem
        for problem in seen.text.get("problems", ())
        if problem["problem"] != "fallback"
        and (problem["problem"] == "nothing" or problem["where"] in required)
    ]
    return sentences(unsure)
