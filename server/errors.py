"""The one error shape: what went wrong, which fields, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is not right. row: 1-based row of an imported file, header counted; None elsewhere.

    Never holds a patient's data: `message` says what is wrong with the value, not the value.
    """

    field: str
    message: str
    remedy: str
    row: int | None = None


class Problem(Exception):
    """A failure that a person can act on.

    code: stable snake_case word; message: one sentence; status: HTTP status that answers it.
    """

    def __init__(
        self, code: str, message: str, status: int = 400, fields: tuple[FieldProblem, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def to_json(self) -> dict[str, object]:
        """{"error": {"code", "message", "fields": [{"field", "message", "remedy", "row"}]}}"""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "fields": [
                    {"field": f.field, "message": f.message, "remedy": f.remedy, "row": f.row}
                    for f in self.fields
                ],
            }
        }

    def as_text(self) -> str:
        """The same for a terminal: the sentence, then one line a field."""
        lines = [self.message]
        for f in self.fields:
            where = f"row {f.row}, {f.field}" if f.row is not None else f.field
            lines.append(f"  {where}: {f.message} {f.remedy}".rstrip())
        return "\n".join(lines)
