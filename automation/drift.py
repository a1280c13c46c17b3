"""When a portal is no longer the one that its profile knows: counted look by look, told before the next one.

a page that fits no sign or lacks what is required, seen twice   most_changed_pages of them
a status word that the profile does not know                     most_unknown_words of them
readings far fewer than expected, or than on earlier nights      too few to be chance
signing in leads to a page that is not known                     at once

What is left then stays due and untouched: a portal that has drifted is mended by a person, not by trying on.
"""

from __future__ import annotations

from math import comb

from automation.outcomes import Outcome, OutcomeKind, has_unrecognised
from portal_profiles.profile import Expect

#: Below this many looks a share of readings says nothing about a portal.
FEWEST_LOOKS = 5
#: A pass is stopped for its share of readings when chance gives so few in less than one pass of these many.
ONE_IN = 1000
#: Of a portal's own earlier nights this share of the readings is still a usual night.
STILL_USUAL = 0.75

#: Looks that gave a reading, also one that a person must confirm.
_READINGS = frozenset({OutcomeKind.READ, OutcomeKind.IDENTITY_UNCONFIRMED})


class Drift:
    """What one pass has seen of a portal so far.

    usual_read: the share (0 to 1) of looks that gave a reading on the portal's earlier nights, None when
    there were none.
    """

    def __init__(self, expect: Expect, usual_read: float | None = None) -> None:
        self._expect = expect
        usual = 0.0 if usual_read is None else usual_read * STILL_USUAL
        self._expected_share = max(expect.minimum_read, usual)
        self.changed_pages = self.unknown_words = self.looks = self.readings = 0

    def count(self, outcome: Outcome) -> str:
        """Counts how one look ended. Gives the sentence that says why the portal must be stopped; else
        empty."""
        if not outcome.kind.looked:
            return ""
        self.looks += 1
        self.readings += outcome.kind in _READINGS
        if outcome.kind is OutcomeKind.PAGE_CHANGED:
            self.changed_pages += 1
            if self.changed_pages >= self._expect.most_changed_pages:
                return f"{_pages(self.changed_pages)} not as the profile says, each looked at twice."
        if outcome.reading is not None and has_unrecognised(outcome.reading):
            self.unknown_words += 1
            if self.unknown_words >= self._expect.most_unknown_words:
                return f"{_looks(self.unknown_words)} read a status word that the profile does not know."
        if outcome.kind not in _READINGS and self._too_few():
            return (
                f"Only {self.readings} of {_looks(self.looks)} gave a reading;"
                f" {self._expected_share:.0%} is expected."
            )
        return ""

    def _too_few(self) -> bool:
        """Whether so few readings come by chance in fewer than one pass out of `ONE_IN`.

        The binomial tail: each look gives a reading with the expected share's probability.
        """
        if self.looks < FEWEST_LOOKS:
            return False
        share, looks = self._expected_share, self.looks
        tail = sum(
            comb(looks, read) * share**read * (1 - share) ** (looks - read)
            for read in range(self.readings + 1)
        )
        return tail < 1 / ONE_IN


def _pages(count: int) -> str:
    return "One page was" if count == 1 else f"{count} pages were"


def _looks(count: int) -> str:
    return "1 look" if count == 1 else f"{count} looks"
