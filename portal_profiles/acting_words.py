"""The words that turn a click into an act. A look never clicks anything that bears one of them.

On one portal "Next" and "Submit" are the same element, on another "Save" submits, a third offers "Withdraw"
and "Archive" beside the status (portals' hazard 3), so what is listed in a profile is checked when it is
loaded, and the accessible name, the id and the text of the element are checked again at the moment of the
click.
"""

from __future__ import annotations

import re

#: Past participles and nouns are how portals name lists ("Submitted requests", "Sender"): they are
#: navigation. The browser checks with the same pattern at the moment of a click, so it keeps to what both
#: languages read alike.
ACTING_PATTERN = (
    r"submit(?!t)|save(?!d)|withdraw(?!n|al)|cancel(?!l?ed|l?ation)"
    r"|archive(?!d)|accept(?!e[dr]|a)|delete(?!d)|send(?!er)"
)
_ACTING = re.compile(ACTING_PATTERN, re.IGNORECASE)


def acting_word(*texts: str | None) -> str | None:
    """The first acting word in any of the texts (accessible name, id, test id, visible text), or None.

    Words inside longer ones count, because ids glue words together: `btnSubmitRequest`, `resend`.
    """
    for text in texts:
        if text and (found := _ACTING.search(text)):
            return found.group().lower()
    return None
