"""What a pass gave beside what the sandboxes' own data say that it must give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from automation import sandbox
from portal_profiles.vocabulary import NumberKind
from server.db.tables import Authorization, Reading, RunItem


@dataclass(frozen=True, slots=True)
class Compared:
    """One authorization of the pass. number: the authorization number; "" when there is none."""

    portal: str
    authorization_id: int
    procedure: str
    outcome: str
    expected_outcome: str
    determination: str
    expected_determination: str
    number: str
    expected_number: str

    @property
    def right(self) -> bool:
        """Whether all three are what the sandbox's data say."""
        return (self.outcome, self.determination, self.number) == (
            self.expected_outcome,
            self.expected_determination,
            self.expected_number,
        )

    def to_json(self) -> dict[str, object]:
        """The same, with `right`."""
        return {**asdict(self), "right": self.right}


def keys(session: Session, slugs: Iterable[str]) -> dict[int, str]:
    """authorization id -> the sandbox's name of it; taken before the pass, which may change the lines."""
    rows = session.scalars(
        select(Authorization)
        .where(Authorization.portal.in_(list(slugs)))
        .options(selectinload(Authorization.lines))
    )
    return {
        row.id: sandbox.query_key(row.member_id or "", (row.lines[0].code or "") if row.lines else "")
        for row in rows
    }


def compare(session: Session, run_id: int, known_as: dict[int, str]) -> list[Compared]:
    """Every item of the run beside the sandbox's data, in the order in which they were looked at."""
    items = session.scalars(select(RunItem).where(RunItem.run_id == run_id).order_by(RunItem.id)).all()
    expected = {slug: sandbox.expected(slug) for slug in {item.portal for item in items}}
    compared = []
    for item in items:
        row = session.get_one(Authorization, item.authorization_id)
        reading = session.get(Reading, item.reading_id) if item.reading_id is not None else None
        must = expected[item.portal][known_as[row.id]]
        numbers = [n.value for n in row.reference_numbers if n.kind == NumberKind.AUTHORIZATION]
        was_read = item.outcome == "read" and reading is not None
        compared.append(
            Compared(
                portal=item.portal,
                authorization_id=row.id,
                procedure=known_as[row.id].split(" ")[-1],
                outcome=item.outcome or "",
                expected_outcome=must.outcome,
                determination=(reading.determination or "") if was_read and reading else "",
                expected_determination=must.determination or "",
                number=", ".join(numbers) if was_read else "",
                expected_number=(must.authorization_number or "") if must.outcome == "read" else "",
            )
        )
    return compared
