"""Letters: kept when they are letters, and said to be odd when they are."""

from __future__ import annotations

from automation.evidence import letter
from portal_profiles import stand_in

PDF = stand_in.letter("Example Health", ("Reference number: 2611-0417", "Status: Approved"))


def test_a_letter_that_names_the_number_is_kept_without_a_word() -> None:
    kept, problems = letter(PDF, ["T77120", "26110417"])
    assert kept is not None
    assert kept.content == PDF
    assert kept.media_type == "application/pdf"
    assert problems == ()


def test_a_letter_that_names_another_number_is_kept_and_said() -> None:
    kept, problems = letter(PDF, ["99999999"])
    assert kept is not None
    assert "names none" in problems[0]


def test_a_page_instead_of_a_pdf_is_not_kept() -> None:
    kept, problems = letter(b"<!doctype html><title>Not ready</title>", ["26110417"])
    assert kept is None
    assert "not a PDF" in problems[0]


def test_a_letter_that_could_not_be_fetched_is_said() -> None:
    assert letter(None, ["26110417"]) == (None, ("The letter could not be fetched.",))


def test_a_damaged_pdf_is_kept_and_said() -> None:
    kept, problems = letter(PDF[: len(PDF) // 2], ["26110417"])
    assert kept is not None
    assert len(problems) == 1


def test_no_number_of_a_patient_stands_in_what_is_said() -> None:
    for content in (PDF, None, b"<html>", PDF[:40]):
        _, problems = letter(content, ["99999999"])
        assert "99999999" not in " ".join(problems)
