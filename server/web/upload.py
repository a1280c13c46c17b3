"""Files that people send to the dashboard: read in memory, so that no clear copy lies on a disk."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Request, request

from server.errors import FieldProblem, Problem

#: Bytes of an uploaded file with its form.
LIMIT = 16 * 1024 * 1024
LIMIT_TEXT = f"up to {LIMIT // 1024 // 1024} MB"


class InMemoryRequest(Request):
    """A request whose files stay in memory, where the usual one puts those over 500 kB into a clear file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def uploaded(field: str) -> tuple[str, bytes]:
    """Name and content of the file in the form's field. Raises Problem `invalid` (422) without one."""
    file = request.files.get(field)
    content = file.read() if file is not None else b""
    if file is None or not file.filename or not content:
        problem = FieldProblem(field, "There is no file, or it is empty.", "Choose one.")
        raise Problem("invalid", "No file was sent.", 422, (problem,))
    return file.filename, content
