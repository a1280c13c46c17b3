"""A small tolerant X12 tokeniser: bytes in, segments out, memory flat, every segment with its place in the
file.

Real files differ from the standard: a byte order mark, indented segments, line ends before or after the
terminator, an ISA that is not 106 characters long or no ISA at all, odd separators, another component
separator in the body than ISA16 declares, missing terminators, several interchanges, a cut end. All of these
are read; what cannot be read becomes a `ReadProblem` that says where, and reading goes on behind it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

#: What may stand around a segment without being part of it.
BLANKS = b" \t\r\n\x0b\x0c\x1a\x00"

#: Segment ids that start a segment in the transactions a provider meets. Used only where a terminator is
#: missing or separators must be guessed: an id that is not listed is still read in a well-formed file.
_IDS = (
    rb"ISA|IEA|GS|GE|ST|SE|TA1|BHT|HL|NM1|N1|N2|N3|N4|PER|PRV|SBR|PAT|DMG|REF|CLM|DTP|DTM|CL1|PWK"
    rb"|CN1|AMT|K3|NTE|CR1|CR2|CR3|CR5|CR6|CR7|CRC|HI|HCP|QTY|OI|MIA|MOA|CAS|LX|SV1|SV2|SV3|SV5|SV6"
    rb"|TOO|SVD|MEA|LIN|CTP|LQ|FRM|PS1|CUR|HSD|BPR|TRN|RDM|CLP|SVC|PLB|TS2|TS3|UM|HCR|AAA|MSG|INS|EQ"
    rb"|EB|III|LS|LE|STC|AK1|AK2|AK3|AK4|AK5|AK9|IK3|IK4|IK5|CTX"
)
_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_ISA = re.compile(rb"ISA[^A-Za-z0-9\s]")
_COMPONENT_CANDIDATES = ":><^|\\"
_ORDER = {"ISA": 0, "GS": 1, "ST": 2}
_CLOSERS = {"ISA": "IEA", "GS": "GE", "ST": "SE"}
_CHUNK = 1 << 16
_HEAD = 4096
_LONGEST_SEGMENT = 1 << 18


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: all counts start at 1 (0: not inside one), `offset` is the byte position from 0.

    segment: its number, counted from the last ST (which is 1), or from the file's start before any.
    """

    interchange: int
    group: int
    transaction_set: int
    segment: int
    segment_id: str
    offset: int

    def as_text(self) -> str:
        """The place as a person would look for it."""
        return (
            f"interchange {self.interchange}, group {self.group}, set {self.transaction_set}, "
            f"segment {self.segment} ({self.segment_id}), byte {self.offset}"
        )


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """Something in a file that could not be read or not be trusted. Holds no patient's data.

    claim: CLM01 when it belongs to one claim; line: its line number.
    """

    message: str
    remedy: str
    place: Place | None = None
    claim: str | None = None
    line: int | None = None

    def to_json(self) -> dict[str, object]:
        """{"message", "remedy", "claim", "line", "interchange", "group", "set", "segment", "segment_id",
        "position"}; the last six None when the problem has no place."""
        place = self.place
        return {
            "message": self.message,
            "remedy": self.remedy,
            "claim": self.claim,
            "line": self.line,
            "interchange": place.interchange if place else None,
            "group": place.group if place else None,
            "set": place.transaction_set if place else None,
            "segment": place.segment if place else None,
            "segment_id": place.segment_id if place else None,
            "position": place.offset if place else None,
        }

    def as_text(self) -> str:
        """One line: the message, where, and the remedy."""
        where = f" ({self.place.as_text()})" if self.place else ""
        return f"{self.message}{where}. {self.remedy}".rstrip()


class Separators(NamedTuple):
    """One character each. component and repetition are None where the file declares none."""

    element: str
    component: str | None
    terminator: str
    repetition: str | None = None


class Segment(NamedTuple):
    """One segment. elements[0] is its id, so elements[n] is what X12 writes as e.g. REF02 for n = 2.

    offset, length: its bytes in the file, without blanks around it and without the terminator.
    interchange, group, transaction_set, number: as in `Place`.
    """

    id: str
    elements: Sequence[str]
    offset: int
    length: int
    interchange: int
    group: int
    transaction_set: int
    number: int
    separators: Separators

    def get(self, position: int) -> str:
        """The element without blanks around it; "" when it is empty or absent."""
        return self.elements[position].strip(" \t\r\n") if position < len(self.elements) else ""

    def components(self, position: int) -> list[str]:
        """The parts of a composite element; [] when it is empty.

        Where the declared separator does not occur, another usual one that does is taken: files exist whose
        body does not keep to ISA16.
        """
        value = self.get(position)
        if not value:
            return []
        used = component_separator(value, self.separators)
        return [part.strip() for part in value.split(used)] if used else [value]

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.interchange, self.group, self.transaction_set, self.number, self.id, self.offset)


def component_separator(value: str, separators: Separators) -> str | None:
    """The character that separates the parts of this composite; None when it has one part only."""
    declared = separators.component
    if declared and declared in value:
        return declared
    return next((c for c in _COMPONENT_CANDIDATES if c != separators.element and c in value), None)


def separators_of_isa(head: bytes) -> Separators:
    """The separators that an ISA declares. head: the bytes from `ISA` on, some thousand if there are.

    The component separator is what stands as ISA16, wherever that is; the terminator is what stands between
    it and the next segment. A lone line end there is itself the terminator, unless a visible one follows.
    """
    element = head[3:4]
    following = re.search(
        rb"(?:\s|[^A-Za-z0-9\s])(?=(?:GS|ST|TA1|IEA|BHT)" + re.escape(element) + rb")", head[4:]
    )
    end = following.end() + 4 if following else len(head)
    positions = [m.start() for m in re.finditer(re.escape(element), head[:end])]
    repetition = None
    if len(positions) >= 12:
        eleventh = head[positions[10] + 1 : positions[11]].strip()
        if len(eleventh) == 1 and not eleventh.isalnum():
            repetition = _char(eleventh)
    if len(positions) < 16:
        return Separators(_char(element), None, _terminator_by_count(head, element), repetition)
    behind = head[positions[15] + 1 : end if following else positions[15] + 3]
    visible = b"".join(behind.split()).replace(element, b"")
    if len(visible) >= 2 and not visible[-1:].isalnum():
        return Separators(_char(element), _char(visible[:1]), _char(visible[-1:]), repetition)
    if len(visible) == 1 and _terminator_by_count(head, element) == _char(visible):
        return Separators(_char(element), None, _char(visible), repetition)
    component = _char(visible[:1]) if visible and not visible[:1].isalnum() else None
    return Separators(_char(element), component, "\n" if following else "~", repetition)


def separators_of_body(head: bytes) -> Separators | None:
    """The separators of text that starts with a segment and has no ISA; None when it is no X12."""
    first = re.match(rb"(?:" + _IDS + rb")([^A-Za-z0-9\s])", head)
    if first is None:
        return None
    return Separators(_char(first[1]), None, _terminator_by_count(head, first[1]))


def _terminator_by_count(head: bytes, element: bytes) -> str:
    """What most often stands before a segment id: a visible character, or else the line end."""
    before = re.compile(rb"([^\s])?(\s*)(?:" + _IDS + rb")" + re.escape(element))
    counts: Counter[str] = Counter()
    for match in before.finditer(head):
        visible, blanks = match[1], match[2]
        if visible and not visible.isalnum() and visible != element:
            counts[_char(visible)] += 1
        elif b"\n" in blanks or b"\r" in blanks:
            counts["\n" if b"\n" in blanks else "\r"] += 1
    return counts.most_common(1)[0][0] if counts else "~"


def _char(one: bytes) -> str:
    return one.decode("latin-1")


class X12Reader:
    """Iterates over the segments of a stream once. `problems` and the counts grow while it does.

    stream: opened for reading bytes; it is read in blocks and never sought. Raises nothing for any content.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.problems: list[ReadProblem] = []
        self.segment_count = 0
        self._stream = stream
        self._buffer = b""
        self._base = 0  # file offset of the buffer's first byte
        self._at_end = False
        self._separators: Separators | None = None
        self._interchange = self._group = self._set = self._number = 0
        self._open: list[str] = []  # which of ISA, GS, ST are open
        self._last_id, self._last_offset = "none", 0
        self._unreadable = False  # the last thing met was unreadable, and said so

    def __iter__(self) -> Iterator[Segment]:
        self._read_more(_HEAD)
        position = self._start()
        while True:
            separators = self._separators
            if separators is None:
                return
            terminator = separators.terminator.encode("latin-1")
            end = self._buffer.find(terminator, position)
            if end < 0 and not self._at_end:
                if len(self._buffer) - position < _LONGEST_SEGMENT:
                    self._drop(position)
                    position = 0
                    self._read_more(len(self._buffer) + _CHUNK)
                    continue
                end = self._last_boundary(position, separators)
                terminator = b""
                self._problem(
                    f"No segment terminator in {_LONGEST_SEGMENT} bytes",
                    "Check the file at this position.",
                    Place(
                        self._interchange,
                        self._group,
                        self._set,
                        self._number + 1,
                        "?",
                        self._base + position,
                    ),
                )
            if end < 0:
                raw, start, position = self._buffer[position:], position, len(self._buffer)
                terminated = False
            else:
                raw, start, position = self._buffer[position:end], position, end + len(terminator)
                terminated = True
            left = raw.lstrip(BLANKS)
            start += len(raw) - len(left)
            body = left.rstrip(BLANKS)
            if _ISA.match(body):
                found = self._separators_at(start)
                if found != separators:
                    self._separators = found
                    position = start
                    continue
            if terminated and body and b"\n" not in body and b"\r" not in body:
                segment = self._segment(body, self._base + start, separators)
                if segment is not None:
                    yield segment
            elif body:
                yield from self._segments_in(body, self._base + start, terminated, separators)
            if not terminated:
                self._close(0)
                return

    def _start(self) -> int:
        """Finds the first segment and the separators; the position in the buffer to begin at."""
        head = self._buffer
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self._problem("The file is UTF-16 text", "Save it as plain ASCII or UTF-8.", None)
            return 0
        position = 3 if head[:3] == b"\xef\xbb\xbf" else 0
        position += len(head[position:]) - len(head[position:].lstrip(BLANKS))
        if not head[position:]:
            self._problem("The file is empty", "Export it again.", None)
            return position
        if _ISA.match(head, position):
            self._separators = self._separators_at(position)
            return position
        self._separators = separators_of_body(head[position:])
        if self._separators is not None:
            return position
        later = _ISA.search(head)
        if later is None:
            self._problem(
                "This is not an X12 file: no ISA and no known segment at its start",
                "Check that it is the file the billing system exported.",
                Place(0, 0, 0, 0, "none", position),
            )
            return position
        self._problem(
            "Text stands before the first ISA and was passed over",
            "Remove it.",
            Place(0, 0, 0, 0, "ISA", later.start()),
        )
        self._separators = self._separators_at(later.start())
        return later.start()

    def _separators_at(self, position: int) -> Separators:
        while len(self._buffer) - position < _HEAD and not self._at_end:
            self._read_more(len(self._buffer) + _CHUNK)
        return separators_of_isa(self._buffer[position : position + _HEAD])

    def _read_more(self, want: int) -> None:
        """Fills the buffer up to `want` bytes or the end."""
        parts = [self._buffer]
        have = len(self._buffer)
        while have < want:
            block = self._stream.read(_CHUNK)
            if not block:
                self._at_end = True
                break
            parts.append(block)
            have += len(block)
        self._buffer = b"".join(parts)

    def _drop(self, upto: int) -> None:
        self._base += upto
        self._buffer = self._buffer[upto:]

    def _last_boundary(self, position: int, separators: Separators) -> int:
        """Without any terminator in sight: the last line end before a segment id, or all there is."""
        boundaries = list(_unterminated(separators.element).finditer(self._buffer, position + 1))
        return boundaries[-1].start() if boundaries else len(self._buffer)

    def _segments_in(
        self, body: bytes, offset: int, terminated: bool, separators: Separators
    ) -> Iterator[Segment]:
        """The segments in a stretch that holds line ends, or that nothing terminates."""
        pieces = _split_at_line_ends(body, offset, separators.element)
        for index, (piece, at) in enumerate(pieces):
            segment = self._segment(piece, at, separators)
            if segment is None:
                continue
            if index + 1 < len(pieces):
                self._problem("A segment has no terminator, only a line end", "", segment.place)
            elif not terminated and separators.terminator not in "\r\n" and segment.id != "IEA":
                self._problem("The file ends inside this segment", "Export it again.", segment.place)
            yield segment

    def _segment(self, body: bytes, offset: int, separators: Separators) -> Segment | None:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = body.decode("latin-1")
        if "\n" in text or "\r" in text:
            text = re.sub(r"[ \t]*[\r\n]+[ \t]*", "", text)
        elements = text.split(separators.element)
        name = elements[0].rstrip()
        if len(name) > 3 or not _ID.fullmatch(name):
            if not self._unreadable:
                self._problem(
                    "What stands here is not a segment",
                    "Check the file at this position.",
                    self._next_place(offset),
                )
            self._unreadable = True
            return None
        self._unreadable = False
        elements[0] = name
        self.segment_count += 1
        if name in _ORDER:
            self._enter(name)
        if name != "ST":
            self._number += 1
        self._last_id, self._last_offset = name, offset
        segment = Segment(
            name,
            elements,
            offset,
            len(body),
            self._interchange,
            self._group,
            self._set,
            self._number,
            separators,
        )
        if name in ("SE", "GE", "IEA"):
            self._leave(segment)
        return segment

    def _enter(self, name: str) -> None:
        """Opens ISA, GS or ST; what is still open at its level or deeper was never closed."""
        self._close(next((i for i, o in enumerate(self._open) if _ORDER[o] >= _ORDER[name]), len(self._open)))
        if name == "ISA":
            self._interchange, self._group, self._set = self._interchange + 1, 0, 0
        elif name == "GS":
            self._group, self._set = self._group + 1, 0
        else:
            self._set += 1
            self._number = 1
        self._open.append(name)

    def _leave(self, segment: Segment) -> None:
        opener = {"SE": "ST", "GE": "GS", "IEA": "ISA"}[segment.id]
        if opener in self._open:
            self._close(self._open.index(opener) + 1)
            self._open.pop()
        stated = segment.get(1)
        if segment.id == "SE" and re.fullmatch(r"[0-9]{1,9}", stated) and int(stated) != self._number:
            self._problem(
                f"SE01 states {int(stated)} segments, the set has {self._number}",
                "Check that nothing is missing.",
                segment.place,
            )

    def _close(self, depth: int) -> None:
        """Gives up what is open beyond `depth`, in one problem."""
        left, self._open = self._open[depth:], self._open[:depth]
        if left:
            place = Place(
                self._interchange, self._group, self._set, self._number, self._last_id, self._last_offset
            )
            what = " and ".join(f"{name} without its {_CLOSERS[name]}" for name in left)
            self._problem(f"The file may be cut: {what}", "Export it again.", place)

    def _next_place(self, offset: int) -> Place:
        return Place(self._interchange, self._group, self._set, self._number + 1, "?", offset)

    def _problem(self, message: str, remedy: str, place: Place | None) -> None:
        self.problems.append(ReadProblem(message, remedy, place))


def _unterminated(element: str) -> re.Pattern[bytes]:
    sign = re.escape(element.encode("latin-1"))
    return re.compile(rb"(?<!" + sign + rb")[ \t]*[\r\n]+[ \t]*(?=(?:" + _IDS + rb")" + sign + rb")")


def _split_at_line_ends(body: bytes, offset: int, element: str) -> list[tuple[bytes, int]]:
    """Splits where a line end stands before a known segment id: there a terminator is missing. Other line
    ends only wrap a segment and stay in it."""
    pieces: list[tuple[bytes, int]] = []
    start = 0
    for boundary in _unterminated(element).finditer(body):
        pieces.append((body[start : boundary.start()], offset + start))
        start = boundary.end()
    pieces.append((body[start:], offset + start))
    return [(piece, at) for piece, at in pieces if piece]
