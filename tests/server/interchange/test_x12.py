"""The tolerant tokeniser: every oddity of real files, cut files, and bytes that are no X12."""

from __future__ import annotations

import io
import itertools
from typing import BinaryIO, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server.interchange.x12 import ReadProblem, Segment, Separators, X12Reader
from tests.server.interchange.shared_data import SHARED, expected, needs_shared_data

ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
    "*260301*0900*^*00501*000000001*0*T*:~"
)
BODY = (
    "GS*HC*S*R*20260301*0900*1*X*005010X222A1~ST*837*0001~BHT*0019*00*1*20260301*0900*CH~"
    "SE*3*0001~GE*1*1~IEA*1*1~"
)


def read(content: str | bytes) -> tuple[list[Segment], list[ReadProblem]]:
    reader = X12Reader(io.BytesIO(content.encode() if isinstance(content, str) else content))
    return list(reader), reader.problems


def ids(content: str | bytes) -> list[str]:
    return [segment.id for segment in read(content)[0]]


ALL = ["ISA", "GS", "ST", "BHT", "SE", "GE", "IEA"]


def test_a_plain_file_is_read_without_problems() -> None:
    segments, problems = read(ISA + BODY)
    assert [s.id for s in segments] == ALL
    assert problems == []
    assert segments[0].separators == Separators("*", ":", "~", "^")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (ISA + BODY).encode(),
        (ISA + BODY).replace("~", "~\r\n   "),
        (ISA + BODY).replace("~", "\n~"),
        (ISA + BODY).replace("~", "\r\n~\r\n"),
        (ISA + BODY).replace("~", "\n"),
        (ISA + BODY).replace("~", "\r\n"),
        (ISA + BODY).replace("~", "~ \n"),
        (ISA + BODY).replace("~", "'"),
        (ISA + BODY).replace("~", "\x1c"),
        (ISA + BODY).replace("*", "|").replace(":", ">"),
        (ISA + BODY).replace("~", "\n").replace("*", "~"),
        (ISA + BODY).replace(" ", ""),
        ISA.replace("*:~", "*~") + BODY,
        "\n\n" + ISA + BODY + "\n\n\x1a",
        BODY,
        BODY[BODY.index("ST*") :],
    ],
    ids=[
        "byte order mark",
        "indented",
        "line end before the terminator",
        "line ends on both sides",
        "line end as terminator",
        "two-character line end as terminator",
        "blank after the terminator",
        "apostrophe terminator",
        "control character terminator",
        "bar between elements",
        "tilde between elements",
        "short ISA",
        "empty ISA16",
        "blank lines around",
        "no ISA",
        "no ISA and no GS",
    ],
)
def test_an_odd_but_whole_file_gives_every_segment(content: str | bytes) -> None:
    segments, problems = read(content)
    assert len(segments) >= 5
    assert [s.id for s in segments] == ALL[-len(segments) :]
    assert problems == []
    bht = next(s for s in segments if s.id == "BHT")
    assert [bht.get(n) for n in range(1, 7)] == ["0019", "00", "1", "20260301", "0900", "CH"]


def test_offsets_point_at_the_bytes_of_each_segment() -> None:
    content = (ISA + BODY).replace("~", "\r\n~\r\n  ").encode()
    for segment in read(content)[0]:
        raw = content[segment.offset : segment.offset + segment.length].decode()
        assert raw.split("*") == list(segment.elements)


def test_offsets_hold_across_blocks_and_multibyte_names() -> None:
    many = "".join(f"NTE*ADD*Nuñez {n:06}~" for n in range(9000))
    content = (ISA + BODY.replace("SE*3", many + "SE*9003")).encode()
    assert len(content) > 3 * (1 << 16)
    segments, problems = read(content)
    assert problems == []
    assert len(segments) == 9007
    for segment in segments:
        assert content[segment.offset : segment.offset + segment.length].decode() == "*".join(
            segment.elements
        )


def test_each_interchange_has_its_own_separators_and_numbers() -> None:
    second = (ISA + BODY).replace("~", "\n").replace("*", "|").replace(":", ">")
    segments, problems = read(ISA + BODY + "\n" + second)
    assert [s.id for s in segments] == ALL * 2
    assert problems == []
    assert [s.interchange for s in segments] == [1] * 7 + [2] * 7
    assert segments[-1].separators == Separators("|", ">", "\n", "^")


def test_a_set_counts_its_segments_from_st() -> None:
    twice = BODY.replace("GE*1", "ST*837*2~BHT*1~SE*3*2~GE*2")
    places = [(s.id, s.place.transaction_set, s.place.segment) for s in read(ISA + twice)[0]]
    assert places[2:8] == [
        ("ST", 1, 1),
        ("BHT", 1, 2),
        ("SE", 1, 3),
        ("ST", 2, 1),
        ("BHT", 2, 2),
        ("SE", 2, 3),
    ]


def test_a_missing_terminator_is_said_and_the_segments_are_kept_apart() -> None:
    segments, problems = read(ISA + BODY.replace("CH~", "CH\n"))
    assert [s.id for s in segments] == ALL
    assert [p.message for p in problems] == ["A segment has no terminator, only a line end"]
    assert problems[0].place is not None
    assert problems[0].place.segment_id == "BHT"


def test_a_segment_wrapped_over_two_lines_stays_one() -> None:
    segments, problems = read(ISA + BODY.replace("BHT*0019*00", "BHT*00\n19*00"))
    assert [s.get(1) for s in segments if s.id == "BHT"] == ["0019"]
    assert problems == []


def test_a_body_that_does_not_keep_to_isa16_is_split_as_it_is_written() -> None:
    segment = next(s for s in read(ISA + BODY.replace("0019", "11>B>1"))[0] if s.id == "BHT")
    assert segment.components(1) == ["11", "B", "1"]


def test_a_wrong_segment_count_is_said() -> None:
    _, problems = read(ISA + BODY.replace("SE*3", "SE*5"))
    assert [p.message for p in problems] == ["SE01 states 5 segments, the set has 3"]


def test_a_file_cut_between_segments_is_said_once_and_names_what_is_open() -> None:
    content = ISA + BODY
    segments, problems = read(content[: content.index("SE*")])
    assert [s.id for s in segments] == ALL[:4]
    assert [p.message for p in problems] == [
        "The file may be cut: ISA without its IEA and GS without its GE and ST without its SE"
    ]


def test_a_file_cut_within_a_segment_gives_the_segment_and_says_so() -> None:
    content = ISA + BODY
    segments, problems = read(content[: content.index("*0900*CH")])
    assert segments[-1].elements == ["BHT", "0019", "00", "1", "20260301"]
    assert problems[0].message == "The file ends inside this segment"
    assert problems[0].place == segments[-1].place


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b" \r\n ", "The file is empty"),
        (b"member,code\nXYZ100200301,99213\n", "This is not an X12 file"),
        (b"%PDF-1.7\x00\x01\x02", "This is not an X12 file"),
        ((ISA + BODY).encode("utf-16"), "The file is UTF-16 text"),
    ],
    ids=["empty", "blank", "a table", "binary", "UTF-16"],
)
def test_what_is_no_x12_is_said_clearly(content: bytes, message: str) -> None:
    segments, problems = read(content)
    assert segments == []
    assert len(problems) == 1
    assert problems[0].message.startswith(message)


def test_text_before_the_first_isa_is_passed_over_and_said() -> None:
    segments, problems = read("Dear payer, here it is: " + ISA + BODY)
    assert [s.id for s in segments] == ALL
    assert [p.message for p in problems] == ["Text stands before the first ISA and was passed over"]


def test_garbage_between_segments_is_one_problem_with_its_position() -> None:
    content = ISA + BODY.replace("SE*3", "\x00\x01~??~@@~SE*3")
    segments, problems = read(content)
    assert [s.id for s in segments] == ALL
    assert [p.message for p in problems] == ["What stands here is not a segment"]
    assert problems[0].place is not None
    assert problems[0].place.offset == content.index("\x01")


def test_a_long_stretch_without_a_terminator_keeps_memory_flat_and_is_said() -> None:
    class NeverEnding:
        """Ten megabytes of one segment, made as they are asked for."""

        def __init__(self) -> None:
            self.blocks = itertools.chain(
                [(ISA + "NTE*ADD*").encode()], itertools.repeat(b"x" * (1 << 16), 160)
            )

        def read(self, size: int) -> bytes:
            return next(self.blocks, b"")

    reader = X12Reader(cast(BinaryIO, NeverEnding()))
    longest = max(segment.length for segment in reader)
    assert longest < 1 << 19
    assert any("No segment terminator" in p.message for p in reader.problems)


@given(st.binary(max_size=400))
def test_random_bytes_never_crash_the_reader(content: bytes) -> None:
    segments, problems = read(content)
    assert segments or problems


@given(st.binary(max_size=200), st.sampled_from([b"ISA*", b"ISA|", b"ST*837*", ISA.encode(), b"GS*HC*"]))
def test_random_bytes_behind_an_x12_start_never_crash_the_reader(content: bytes, start: bytes) -> None:
    segments, problems = read(start + content)
    assert segments or problems


@given(st.integers(0, len(ISA + BODY) - 1))
def test_a_cut_at_any_byte_is_said(at: int) -> None:
    content = ISA + BODY
    segments, problems = read(content[:at])
    whole_but_for_the_last_terminator = len(segments) == 7
    assert problems or whole_but_for_the_last_terminator


@given(
    st.sampled_from("*|^~"),
    st.sampled_from(":><^|"),
    st.sampled_from(["~", "\n", "\r\n", "'", "~\n", "\n~", "\x1d"]),
    st.sampled_from(["", "  ", "\t"]),
    st.booleans(),
)
def test_any_separators_and_line_ends_read_the_same(
    element: str, component: str, terminator: str, indent: str, bom: bool
) -> None:
    assume(element != component and element not in terminator)
    plain = ISA.replace("*^*00501", "*U*00401") + BODY.replace("0019", "11:B:1")
    swap = {"*": element, ":": component, "~": terminator + indent}
    content = "".join(swap.get(character, character) for character in plain)
    segments, problems = read((b"\xef\xbb\xbf" if bom else b"") + content.encode())
    assert problems == []
    assert [s.id for s in segments] == ALL
    assert segments[3].components(1) == ["11", "B", "1"]


@needs_shared_data
@pytest.mark.parametrize("folder", ["x12_837", "x12_835", "x12_278"])
def test_every_public_file_has_the_independently_counted_segments(folder: str) -> None:
    counts = {}
    for name in expected(folder):
        with (SHARED / name).open("rb") as stream:
            segments = list(X12Reader(stream))
        counts[name] = tuple(
            sum(s.id == wanted for s in segments) if wanted else len(segments) for wanted in ("", "ISA", "ST")
        )
    assert counts == {n: (e["segments"], e["ISA"], e["ST_count"]) for n, e in expected(folder).items()}
    assert len(counts) == {"x12_837": 26, "x12_835": 14, "x12_278": 12}[folder]
