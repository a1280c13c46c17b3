"""What would act is refused; what merely lists what was done is navigation."""

from __future__ import annotations

import pytest

from portal_profiles.acting_words import acting_word


@pytest.mark.parametrize(
    "text",
    [
        "Submit",
        "SUBMIT REQUEST",
        "btnSubmitRequest",
        "Resubmit",
        "Save",
        "save-and-exit",
        "Withdraw request",
        "Cancel",
        "Archive",
        "Accept All Cookies",
        "onetrust-accept-btn-handler",
        "Delete",
        "Send",
        "resendCode",
    ],
)
def test_a_text_that_names_an_act_is_found(text: str) -> None:
    assert acting_word(None, "", text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Submitted requests",
        "submitting provider",
        "Saved searches",
        "Cancelled",
        "Canceled",
        "Cancellation policy",
        "Withdrawn",
        "Archived",
        "Accepted claims",
        "Deleted items",
        "Sender",
        "Search",
        "Next",
        "View",
        "Continue",
    ],
)
def test_a_text_that_lists_what_was_done_is_navigation(text: str) -> None:
    assert acting_word(text) is None
