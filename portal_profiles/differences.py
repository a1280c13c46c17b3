"""A page beside its profile: which signs fit, which fields and rows are found, moved or lost, which words are
not known. Pure: what was found on the page is an argument (`automation.inspecting` looks in a browser).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal_profiles.profile import FieldSpec, Locator, PageSpec, Profile, folded
from portal_profiles.values import ValueProblem, Word, read_value
from portal_profiles.vocabulary import Determination

#: A label is taken for the one that is gone when it is at least this much like it (difflib's ratio, 0 to 1).
LIKE_ENOUGH = 0.6


class State(StrEnum):
    """What became of one thing that a profile declares for a page."""

    FITS = "fits"
    FOUND = "found"
    NOT_SHOWN = "not shown"
    FALLBACK = "found by a fallback only"
    MOVED = "moved"
    LOST = "lost"
    SEVERAL = "several"
    DISAGREE = "disagree"
    UNKNOWN_WORD = "unknown word"
    UNREADABLE = "not readable"
    STANDS_IN_THE_WAY = "stands there and must not"


#: The share of a page of which nothing is there.
_NOTHING = (0.0, 0)

#: What is as the profile says; a value that a page need not have may be missing from it.
AS_DECLARED = frozenset({State.FITS, State.FOUND, State.NOT_SHOWN})

_OF_THE_READER = {
    "nothing": State.LOST,
    "several": State.SEVERAL,
    "fallback": State.FALLBACK,
    "disagree": State.DISAGREE,
    "failed": State.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found on a page: how many elements each sign and each absent sign has, and the reader's
    PageText of a reading in which every value was asked for as if it were required."""

    sign: tuple[int, ...]
    absent: tuple[int, ...]
    text: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One declared thing and what became of it.

    part: sign, absent, field, rows, cell or word. name: the field's key, or the locator of a sign. nearest:
    the labels that stand on the page instead. said: a portal's word that is not known, verbatim.
    """

    part: str
    name: str
    state: State
    nearest: tuple[str, ...] = ()
    said: str | None = None

    @property
    def differs(self) -> bool:
        """Whether the page is not as the profile says."""
        return self.state not in AS_DECLARED

    def to_json(self) -> dict[str, object]:
        """JSON-able."""
        shown: dict[str, object] = {"part": self.part, "name": self.name, "state": self.state.value}
        if self.nearest:
            shown["nearest"] = list(self.nearest)
        if self.said is not None:
            shown["said"] = self.said
        return shown


def asking(page: PageSpec) -> dict[str, object]:
    """The reading part that asks for everything of one page, whether or not its signs fit."""
    part: dict[str, Any] = page.reading_part()
    cells = [cell for rows in part["rows"].values() for cell in rows["cells"].values()]
    for asked in (*part["fields"].values(), *part["rows"].values(), *cells):
        asked["required"] = True
    return {**part, "sign": [{"css": "html"}], "absent": [], "frame": None}


def compare(profile: Profile, page: PageSpec, found: Found) -> tuple[Difference, ...]:
    """Everything that the profile declares for the page, in its order, with what became of it."""
    return tuple(_compared(profile, page, found))


def likeliest(found: Mapping[str, Found]) -> str | None:
    """Which page of the profile a document is likeliest to be: the one with most of its signs, if one is."""
    shares = {name: _share(one) for name, one in found.items()}
    most = max(shares.values(), default=_NOTHING)
    best = [name for name, share in shares.items() if share == most]
    return best[0] if len(best) == 1 and most > _NOTHING else None


def _share(found: Found) -> tuple[float, int]:
    """The share of a page's signs that are there, and how much of it was found."""
    there = sum(count > 0 for count in found.sign)
    if not there:
        return _NOTHING
    in_the_way = sum(count > 0 for count in found.absent)
    read = len(found.text.get("fields", {})) + sum(map(len, found.text.get("rows", {}).values()))
    return (there - in_the_way) / len(found.sign), there + read


def _compared(profile: Profile, page: PageSpec, found: Found) -> Iterator[Difference]:
    for locator, count in zip(page.sign, found.sign, strict=True):
        yield Difference("sign", shown(locator), State.FITS if count else State.LOST)
    for locator, count in zip(page.absent, found.absent, strict=True):
        yield Difference("absent", shown(locator), State.STANDS_IN_THE_WAY if count else State.FITS)
    said = {str(problem["where"]): problem for problem in found.text.get("problems", ())}
    taken = _labels(page)
    words = profile.words_on(page)
    for key, spec in page.fields.items():
        cell = found.text["fields"].get(key)
        yield _value("field", key, spec, cell, said.get(f"fields.{key}"), taken)
        yield from _word(key, spec, cell, words)
    for key, rows in page.rows.items():
        there = found.text["rows"].get(key, [])
        if not there:
            state = State.LOST if rows.required else State.NOT_SHOWN
            yield Difference("rows", key, state)
            continue
        yield Difference("rows", key, State.FOUND)
        for name, spec in rows.cells.items():
            yield from _cells(key, name, spec, there, said, taken, words)


def _cells(
    rows: str,
    name: str,
    spec: FieldSpec,
    there: Sequence[Mapping[str, Any]],
    said: Mapping[str, Mapping[str, Any]],
    taken: frozenset[str],
    words: Mapping[str, Mapping[str, str]],
) -> Iterator[Difference]:
    """One column: as its worst row is."""
    found = [
        _value(
            "cell",
            f"{rows}.{name}",
            spec,
            row.get(name),
            said.get(f"rows.{rows}[{at}].cells.{name}"),
            taken,
        )
        for at, row in enumerate(there)
    ]
    yield next((one for one in found if one.differs), found[0])
    unknown = [one for row in there for one in _word(f"{rows}.{name}", spec, row.get(name), words)]
    yield from dict.fromkeys(unknown)


def _value(
    part: str,
    name: str,
    spec: FieldSpec,
    cell: Mapping[str, Any] | None,
    problem: Mapping[str, Any] | None,
    taken: frozenset[str],
) -> Difference:
    if problem is None:
        return Difference(part, name, State.FOUND if cell is not None else State.NOT_SHOWN)
    state = _OF_THE_READER[str(problem["problem"])]
    if state is not State.LOST:
        return Difference(part, name, state)
    wanted = folded(spec.find.value)
    free = [str(label) for label in problem.get("candidates", ()) if folded(str(label)) not in taken]
    near = tuple(label for label in free if _alike(wanted, folded(label)))
    if near:
        return Difference(part, name, State.MOVED, near)
    return Difference(part, name, State.LOST if spec.required else State.NOT_SHOWN, tuple(free))


def _alike(wanted: str, label: str) -> bool:
    return difflib.SequenceMatcher(None, wanted, label).ratio() >= LIKE_ENOUGH or wanted in label


def _word(
    name: str, spec: FieldSpec, cell: Mapping[str, Any] | None, words: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    """What is wrong with a value that was found: an unknown status word, a text that can't be read."""
    if cell is None:
        return
    try:
        value = read_value(spec, str(cell.get("text", "")), words, cell.get("value"))
    except ValueProblem:
        if spec.kind.value in words:
            # A unit, a place or a level is one of the portal's words, nobody's data.
            yield Difference("word", name, State.UNKNOWN_WORD, said=str(cell.get("text", "")))
        else:
            yield Difference("word", name, State.UNREADABLE)
        return
    if isinstance(value, Word) and value.determination is Determination.UNRECOGNISED:
        yield Difference("word", name, State.UNKNOWN_WORD, said=value.text)


def _labels(page: PageSpec) -> frozenset[str]:
    """The labels that the page's own fields go by: none of them is another field's new one."""
    cells = [cell for rows in page.rows.values() for cell in rows.cells.values()]
    return frozenset(folded(spec.find.value) for spec in (*page.fields.values(), *cells))


def shown(locator: Locator) -> str:
    """A locator for a person: its way and what it looks for."""
    name = f" {locator.name!r}" if locator.name else ""
    return f"{locator.way} {locator.value!r}{name}"
