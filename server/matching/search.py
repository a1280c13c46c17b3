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
    patient agrees with the service's. clean: ids of candidates without any difference that matters.
    near_patient: whether some authorization's patient differs only by what looks like a typing error.
    only_other_procedures: the best candidates tie, and each was approved for another procedure.
    """

    asked: Asked
    policy: Policy
    on_file: tuple[Authorization, ...]
    choice: Choice
    of_patient: frozenset[str]
    clean: frozenset[str]
    near_patient: bool
    only_other_procedures: bool

    def finds_none(self) -> bool:
        """Whether it can be said that nothing on file authorizes the service: patient and procedure are
        known, and no candidate is left, or only several that are all for other procedures.
        """
        if not (self.asked.identified() and self.asked.has_code()):
            return False
        return not self.choice.candidates or self.only_other_procedures
