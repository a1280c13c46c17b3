"""One service among everything on file: what rules on the choice itself see."""

from __future__ import annotations

from dataclasses import dataclass

from server.matching.comparison import Asked
from server.matching.facts import Authorization, Policy
from server.matching.finding import Choice


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked, what was on file, and what the choice came to.

    on_file: every authorization given, referrals and other patients' included. of_patient: ids of those whose
    patient agrees with the service's; other_patients: of those whose patient's identifiers disagree. clean:
    ids of candidates without any difference that matters. near_patient: some authorization's patient differs
    only by what looks like a typing error. only_other_procedures: the best candidates tie, and each was
    approved for another procedure. unclear: an authorization may fit, and nothing says whose it is.
    """

    asked: Asked
    policy: Policy
    on_file: tuple[Authorization, ...]
    choice: Choice
    of_patient: frozenset[str]
    clean: frozenset[str]
    other_patients: frozenset[str]
    near_patient: bool
    unclear: bool
    only_other_procedures: bool

    def finds_none(self) -> bool:
        """Whether it can be said that nothing on file authorizes the service: patient and procedure are
        known, and no candidate is left, or only several that are all for other procedures.
        """
        if not (self.asked.identified() and self.asked.has_code()):
            return False
        if self.choice.candidates:
            return self.only_other_procedures
        return not self.unclear
