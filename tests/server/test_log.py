"""Logs hold listed keys only, and of an exception its class and place, never its words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from server import log


@contextmanager
def configured() -> Iterator[None]:
    """Logging as a server has it, and as it was before, afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure()
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level = handlers, level


def raised() -> ValueError:
    """An exception that was raised, with a cause, both of whose words quote a person."""
    with pytest.raises(ValueError, match="Ada") as caught:
        _fail()
    return caught.value


def _fail() -> None:
    try:
        int("XYZ100200301")
    except ValueError as error:
        raise ValueError("Ada Lindqvist") from error


def test_a_key_that_is_not_listed_is_dropped_and_only_its_name_is_noted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with configured():
        structlog.get_logger("server").info("request", status=200, member_id="XYZ100200301")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["status"], line["dropped"]) == ("request", 200, ["member_id"])
    assert "XYZ100200301" not in json.dumps(line)


def test_an_exception_is_told_by_class_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with configured():
        structlog.get_logger("server").error("unforeseen", exc_info=raised())
    text = capsys.readouterr().err
    line = json.loads(text)
    assert line["error"] == ["ValueError", "ValueError"]
    assert any("_fail" in place for place in line["raised_at"])
    assert "Lindqvist" not in text
    assert "XYZ100200301" not in text


def test_other_packages_log_their_fixed_words_without_what_was_put_into_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with configured():
        logging.getLogger("waitress").error("Exception while serving %s", "/XYZ100200301", exc_info=raised())
    text = capsys.readouterr().err
    line = json.loads(text)
    assert (line["event"], line["logger"]) == ("Exception while serving", "waitress")
    assert "XYZ100200301" not in text
    assert "Lindqvist" not in text
