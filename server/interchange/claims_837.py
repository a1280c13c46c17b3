"""X12 837 professional, institutional and dental claims (5010 and 4010) -> `Claim`s, as a stream.

Two steps. Grouping: segments are put into the loops of one claim (billing provider, subscriber, payer,
patient, claim, its providers, other payers, lines), by HL where there are any and by NM1 where a file has
none. Reading: one claim's loops become one `Claim`. A claim that cannot be read whole is kept, with a problem
for each part.
Loop and element positions: implementation guides X222, X223, X224 (5010) and X098, X096, X097 (4010).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from portal_profiles.vocabulary import Unit
from server.interchange.claims import (
    Claim,
    ClaimKind,
    ClaimLine,
    Diagnosis,
    DiagnosisRole,
    OtherPayer,
    Span,
    is_placeholder,
)
from server.interchange.x12 import ReadProblem, Segment, X12Reader, component_separator
from server.matching.facts import Patient

#: Implementation guide -> kind of claim.
_KINDS = {
    "X222": ClaimKind.PROFESSIONAL,
    "X098": ClaimKind.PROFESSIONAL,
    "X223": ClaimKind.INSTITUTIONAL,
    "X096": ClaimKind.INSTITUTIONAL,
    "X224": ClaimKind.DENTAL,
    "X097": ClaimKind.DENTAL,
}
_KIND_OF_LINE = {
    "SV1": ClaimKind.PROFESSIONAL,
    "SV2": ClaimKind.INSTITUTIONAL,
    "SV3": ClaimKind.DENTAL,
}

#: ST01 -> what the file is, when it is no claim.
_OTHER_TRANSACTIONS = {
    "277": "a claim status response or acknowledgment (277)",
    "835": "a remittance advice (835)",
    "278": "an authorization request or response (278)",
    "270": "an eligibility inquiry (270)",
    "271": "an eligibility response (271)",
    "276": "a claim status inquiry (276)",
    "275": "an attachment (275)",
    "820": "a premium payment (820)",
    "834": "an enrolment (834)",
    "997": "a functional acknowledgment (997)",
    "999": "an implementation acknowledgment (999)",
}

#: HI qualifier -> role and ICD revision. Procedures, DRG, occurrences, values and conditions share HI and are
#: no diagnoses.
_DIAGNOSES = {
    "ABK": (DiagnosisRole.PRINCIPAL, 10),
    "ABF": (DiagnosisRole.OTHER, 10),
    "ABJ": (DiagnosisRole.ADMITTING, 10),
    "APR": (DiagnosisRole.REASON_FOR_VISIT, 10),
    "ABN": (DiagnosisRole.EXTERNAL_CAUSE, 10),
    "BK": (DiagnosisRole.PRINCIPAL, 9),
    "BF": (DiagnosisRole.OTHER, 9),
    "BJ": (DiagnosisRole.ADMITTING, 9),
    "PR": (DiagnosisRole.REASON_FOR_VISIT, 9),
    "BN": (DiagnosisRole.EXTERNAL_CAUSE, 9),
}
_NO_DIAGNOSES = frozenset(
    ["BBR", "BR", "BBQ", "BQ", "BP", "BO", "BI", "BH", "BE", "BG", "DR", "TC", "CAH", "BT", "ZZ"]
)

#: SV103, SV204 and their like -> our measure. Other words are kept in `unit_code` only.
_UNITS = {"UN": Unit.UNITS, "MJ": Unit.MINUTES, "DA": Unit.DAYS, "MO": Unit.MONTHS, "HS": Unit.HOURS}

_CODE_QUALIFIERS = frozenset(["HC", "AD", "ER", "IV", "WK", "HP", "N4", "ZZ"])
_COUNT = re.compile(r"[0-9]{1,6}")
_NPI = re.compile(r"[0-9]{10}")
_OF_A_NAME = frozenset(["N2", "N3", "N4", "PER", "PRV", "REF"])
_DATE = re.compile(r"([0-9]{8})(?:[0-9]{4,6})?(?:-([0-9]{8})(?:[0-9]{4,6})?)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Element positions of a service segment; 0 where it has no such element."""

    procedure: int = 0
    charge: int = 0
    unit: int = 0
    quantity: int = 0
    place: int = 0
    revenue: int = 0
    pointers: int = 0


_LAYOUTS = {
    "SV1": _Layout(procedure=1, charge=2, unit=3, quantity=4, place=5, pointers=7),
    "SV2": _Layout(revenue=1, procedure=2, charge=3, unit=4, quantity=5),
    "SV3": _Layout(procedure=1, charge=2, place=3, quantity=6, pointers=11),
}
_NO_SERVICE = _Layout()


@dataclass(slots=True)
class _LineLoops:
    """Loop 2400 and what hangs on it."""

    own: list[Segment] = field(default_factory=list)
    names: list[list[Segment]] = field(default_factory=list)
    has_service: bool = False


@dataclass(slots=True)
class _ClaimLoops:
    """All the loops one claim is read from."""

    kind: ClaimKind | None
    version: str | None
    billing: list[Segment]
    policy: list[Segment]
    subscriber: list[Segment]
    payer: list[Segment]
    patient: list[Segment]
    own: list[Segment]
    names: list[list[Segment]] = field(default_factory=list)
    others: list[list[Segment]] = field(default_factory=list)
    lines: list[_LineLoops] = field(default_factory=list)


class ClaimReader:
    """Iterates over the claims of a stream once; memory holds one claim.

    problems: of the file (each claim has its own); transactions: what ST segments there were, as
    (ST01, implementation guide or ""). Raises nothing for any content.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._x12 = X12Reader(stream)
        self.transactions: list[tuple[str, str]] = []
        self._own_problems: list[ReadProblem] = []
        self._group_version = ""
        self._version = ""
        self._is_claims = False
        self._has_hl = False
        self._claim: _ClaimLoops | None = None
        self._forget_set()

    @property
    def problems(self) -> list[ReadProblem]:
        """The file's problems met so far."""
        return [*self._x12.problems, *self._own_problems]

    @property
    def segment_count(self) -> int:
        """How many segments were read so far."""
        return self._x12.segment_count

    def __iter__(self) -> Iterator[Claim]:
        last: Segment | None = None
        for segment in self._x12:
            done = self._take(segment)
            if done is not None:
                cut = segment.id in ("ST", "GS", "ISA", "GE", "IEA")
                yield read_claim(done, cut_at=last if cut else None)
            last = segment
        if self._claim is not None:
            yield read_claim(self._claim, cut_at=last)
        if last is not None and not self.transactions:
            self._own_problems.append(
                ReadProblem(
                    "The file holds no transaction set (no ST segment)", "Export it again.", last.place
                )
            )

    # Grouping

    def _take(self, segment: Segment) -> _ClaimLoops | None:
        """Puts one segment into its loop; the claim that it ends, if any."""
        name = segment.id
        if name in ("ISA", "GS", "ST", "SE", "GE", "IEA"):
            done = self._finish()
            self._envelope(segment)
            return done
        if not self._is_claims:
            return None
        if name == "REF" and segment.get(1) == "87" and not self._version:
            self._version = segment.get(2)
        if name == "HL":
            done = self._finish()
            self._has_hl = True
            self._level(segment.get(3))
            return done
        if name == "CLM":
            done = self._finish()
            self._begin(segment)
            return done
        if self._claim is None:
            self._above_claims(segment)
            return None
        if not self._has_hl and self._starts_next_party(segment):
            done = self._finish()
            self._above_claims(segment)
            return done
        self._within_claim(self._claim, segment)
        return None

    def _envelope(self, segment: Segment) -> None:
        self._forget_set()
        if segment.id == "GS":
            self._group_version = segment.get(8)
        elif segment.id == "ISA":
            self._group_version = ""
        elif segment.id == "ST":
            kind, self._version = segment.get(1), segment.get(3)
            self.transactions.append((kind, self._version or self._group_version))
            self._is_claims = kind == "837"
            if not self._is_claims:
                self._not_claims(segment, kind)

    def _not_claims(self, segment: Segment, kind: str) -> None:
        what = _OTHER_TRANSACTIONS.get(kind, "a transaction this command does not know")
        guide = self._version or self._group_version
        if kind == "277" and "X214" in guide:
            what = "a claim acknowledgment (277CA)"
        self._own_problems.append(
            ReadProblem(
                f"This is {what}, not claims (837)", "Give the 837 file that was sent.", segment.place
            )
        )

    def _forget_set(self) -> None:
        self._version = ""
        self._is_claims = self._has_hl = False
        self._claim = None
        self._billing: list[Segment] = []
        self._forget_subscriber()

    def _forget_subscriber(self) -> None:
        self._policy: list[Segment] = []
        self._subscriber: list[Segment] = []
        self._payer: list[Segment] = []
        self._patient: list[Segment] = []
        self._into: list[Segment] = []

    def _level(self, code: str) -> None:
        if code == "20":
            self._billing = []
        if code in ("20", "22"):
            self._forget_subscriber()
        self._patient = []
        self._into = []

    def _starts_next_party(self, segment: Segment) -> bool:
        """Without HL, a new billing provider, subscriber or patient ends the claim before it."""
        claim = self._claim
        if claim is None or (claim.others and not claim.lines):
            return False
        if segment.id == "SBR":
            return bool(claim.lines)
        return segment.id == "NM1" and segment.get(1) in ("85", "IL", "QC")

    def _above_claims(self, segment: Segment) -> None:
        if segment.id == "SBR":
            if not self._has_hl:
                self._forget_subscriber()
            self._policy = self._into = [segment]
        elif segment.id == "NM1":
            self._into = [segment]
            role = segment.get(1)
            if role == "85":
                self._billing = self._into
            elif role == "IL":
                if not self._has_hl:
                    self._payer, self._patient = [], []
                self._subscriber = self._into
            elif role == "PR":
                self._payer = self._into
            elif role == "QC":
                self._patient = self._into
        else:
            self._into.append(segment)

    def _begin(self, segment: Segment) -> None:
        version = self._version or self._group_version
        kind = next((k for guide, k in _KINDS.items() if guide in self._version), None) or next(
            (k for guide, k in _KINDS.items() if guide in self._group_version), None
        )
        own = [segment]
        self._claim = _ClaimLoops(
            kind,
            version or None,
            self._billing,
            self._policy,
            self._subscriber,
            self._payer,
            self._patient,
            own,
        )
        self._into = own

    def _within_claim(self, claim: _ClaimLoops, segment: Segment) -> None:
        name = segment.id
        is_service = name in _KIND_OF_LINE
        line = claim.lines[-1] if claim.lines else None
        if name == "LX" or (is_service and (line is None or line.has_service)):
            line = _LineLoops()
            claim.lines.append(line)
        if line is not None:
            line.has_service = line.has_service or is_service
            self._put(segment, line.own, line.names)
        elif name == "SBR":
            claim.others.append([segment])
        elif claim.others:
            claim.others[-1].append(segment)
        else:
            self._put(segment, claim.own, claim.names)

    def _put(self, segment: Segment, own: list[Segment], names: list[list[Segment]]) -> None:
        """A name begins a loop that only its address, contact, specialty and numbers belong to."""
        if segment.id in ("NM1", "SVD"):
            names.append([segment])
            self._into = names[-1]
        elif self._into is own or segment.id not in _OF_A_NAME:
            in_adjudication = self._into is not own and self._into[:1] and self._into[0].id == "SVD"
            if not (in_adjudication and segment.id in ("CAS", "DTP", "AMT")):
                self._into = own
            self._into.append(segment)
        else:
            self._into.append(segment)

    def _finish(self) -> _ClaimLoops | None:
        done, self._claim = self._claim, None
        self._into = []
        return done


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A whole file in memory, for small ones and tests."""

    claims: tuple[Claim, ...]
    problems: tuple[ReadProblem, ...]
    transactions: tuple[tuple[str, str], ...]
    segment_count: int


def read_claims(path: Path) -> ClaimFile:
    """Reads a whole file. Raises OSError when it cannot be opened or read; nothing for its content."""
    with path.open("rb") as stream:
        reader = ClaimReader(stream)
        claims = tuple(reader)
        return ClaimFile(claims, tuple(reader.problems), tuple(reader.transactions), reader.segment_count)


# Reading one claim


def read_claim(loops: _ClaimLoops, cut_at: Segment | None = None) -> Claim:
    """One claim from its loops. cut_at: the last segment of a set that ended before its end."""
    return _ClaimInterpreter(loops).claim(cut_at)


class _ClaimInterpreter:
    def __init__(self, loops: _ClaimLoops) -> None:
        self.loops = loops
        self.clm = loops.own[0]
        self.id = self.clm.get(1) or None
        self.line_number: int | None = None
        self.problems: dict[ReadProblem, None] = {}

    def problem(self, message: str, remedy: str, segment: Segment) -> None:
        """Notes what could not be read of this claim (or of the line being read)."""
        self.problems[ReadProblem(message, remedy, segment.place, self.id, self.line_number)] = None

    def claim(self, cut_at: Segment | None) -> Claim:
        loops, clm = self.loops, self.clm
        if self.id is None:
            self.problem("CLM01 is empty: the claim has no number of its own", "Fill it.", clm)
        kind = loops.kind or self._kind_of_lines()
        if kind is None:
            self.problem("Professional or institutional cannot be told", "Check ST03 and GS08.", clm)
        self.kind = kind
        self._mixed_separators()
        place, bill, frequency = self._setting()
        diagnoses = self._diagnoses()
        pointed = tuple(d for d in diagnoses if d.role in (DiagnosisRole.PRINCIPAL, DiagnosisRole.OTHER))
        subscriber = self._person(loops.subscriber)
        dependent = self._person(loops.patient) if loops.patient else None
        if not loops.subscriber:
            self.problem("The subscriber (NM1*IL) is missing", "Check loop 2010BA.", clm)
        elif subscriber.member_id is None:
            self.problem("NM109 of the subscriber is empty: no member ID", "Fill it.", loops.subscriber[0])
        if not loops.payer:
            self.problem("The payer (NM1*PR) is missing", "Check loop 2010BB.", clm)
        if not loops.billing:
            self.problem("The billing provider (NM1*85) is missing", "Check loop 2010AA.", clm)
        reference = self._number("G1", loops.own, loops.names)
        referral = self._number("9F", loops.own, loops.names)
        statement = self._dates("434", loops.own)
        self._nameless(loops.names)
        lines = tuple(self._line(i, line, pointed) for i, line in enumerate(loops.lines, start=1))
        self.line_number = None
        claim = Claim(
            id=self.id,
            kind=kind,
            version=loops.version,
            frequency=frequency,
            charge=self._amount(clm, 2),
            place_of_service=place,
            type_of_bill=bill,
            payer_id=_value(loops.payer, "NM1", 9),
            payer_name=_value(loops.payer, "NM1", 3),
            responsibility=_value(loops.policy, "SBR", 1),
            group_name=_value(loops.policy, "SBR", 4),
            subscriber=subscriber,
            patient=replace(dependent, member_id=subscriber.member_id) if dependent else subscriber,
            patient_own_id=dependent.member_id if dependent else None,
            reference_number=reference.get(2) if reference else None,
            referral_number=referral.get(2) if referral else None,
            peer_review_number=_reference(loops.own, "G4"),
            original_claim_number=_reference(loops.own, "F8"),
            other_payers=tuple(_other_payer(segments) for segments in loops.others),
            diagnoses=diagnoses,
            statement_from=statement[0],
            statement_to=statement[1],
            admission_date=self._dates("435", loops.own)[0],
            billing_npi=self._npi(loops.billing),
            rendering_npi=self._npi_of("82", loops.names),
            attending_npi=self._npi_of("71", loops.names),
            operating_npi=self._npi_of("72", loops.names),
            other_operating_npi=self._npi_of("ZZ", loops.names),
            referring_npi=self._npi_of("DN", loops.names),
            supervising_npi=self._npi_of("DQ", loops.names),
            facility_npi=self._npi_of("77", loops.names),
            lines=lines,
            place=clm.place,
            reference_span=_span(reference),
        )
        if not lines:
            self.problem("The claim has no service line", "Check loop 2400.", clm)
        if claim.lacks_original_number:
            self.problem(
                f"Frequency {claim.frequency} needs the payer's claim number (REF*F8), which is missing",
                "Add the number of the claim that this one replaces or voids.",
                clm,
            )
        if cut_at is not None:
            self.problem("The file ends or is cut within this claim", "Export it again.", cut_at)
        return replace(claim, problems=tuple(self.problems)) if self.problems else claim

    def _kind_of_lines(self) -> ClaimKind | None:
        kinds = (_KIND_OF_LINE.get(s.id) for line in self.loops.lines for s in line.own)
        return next((kind for kind in kinds if kind), None)

    def _mixed_separators(self) -> None:
        """Says once that the body keeps to another component separator than ISA16."""
        for segment, position in [
            (self.clm, 5),
            *((s, 1) for s in self.loops.own if s.id == "HI"),
        ]:
            declared = segment.separators.component
            used = component_separator(segment.get(position), segment.separators)
            if declared and used and used != declared:
                self.problem(
                    f"Components are separated by {used!r}, ISA16 declares {declared!r}; read as used",
                    "Correct ISA16.",
                    segment,
                )
                return

    def _setting(self) -> tuple[str | None, str | None, str | None]:
        """CLM05 -> place of service, type of bill, frequency."""
        parts = [*self.clm.components(5), "", "", ""]
        facility, qualifier, frequency = parts[0] or None, parts[1], parts[2] or None
        if facility is None:
            self.problem("CLM05-1 is empty: no place of service or type of bill", "Fill it.", self.clm)
        if frequency is None:
            self.problem("CLM05-3 is empty: no frequency code", "Fill it.", self.clm)
        institutional = self.kind is ClaimKind.INSTITUTIONAL
        if qualifier not in ("A", "B", ""):
            self.problem(
                "CLM05-2 is neither A (type of bill) nor B (place of service); "
                f"read as {'A' if institutional else 'B'}",
                "Correct it.",
                self.clm,
            )
        elif institutional and qualifier == "B":
            self.problem(
                "CLM05-2 is B: an institutional claim states a place of service, not a type of bill",
                "Correct CLM05.",
                self.clm,
            )
        is_bill = qualifier == "A" or (institutional and qualifier != "B")
        if facility is None or not is_bill:
            return facility, None, frequency
        return None, facility + (frequency or ""), frequency

    def _diagnoses(self) -> tuple[Diagnosis, ...]:
        found = []
        for segment in self.loops.own:
            if segment.id != "HI":
                continue
            position = 1
            while position < len(segment.elements):
                parts = segment.components(position)
                position += 1
                if parts and parts[0] in _DIAGNOSES and len(parts) == len(segment.components(position)) == 1:
                    self.problem(
                        "HI has qualifier and code in elements of their own; read as a pair",
                        "Put them into one composite element.",
                        segment,
                    )
                    parts = [parts[0], segment.get(position)]
                    position += 1
                if not parts or parts[0] in _NO_DIAGNOSES:
                    continue
                if parts[0] not in _DIAGNOSES or len(parts) < 2 or not parts[1]:
                    self.problem(
                        f"HI{position - 1:02} is not a diagnosis that can be read: its qualifier is unknown "
                        "or its code is empty",
                        "Correct it.",
                        segment,
                    )
                    continue
                role, icd = _DIAGNOSES[parts[0]]
                found.append(Diagnosis(parts[1], role, icd))
        return tuple(found)

    def _person(self, segments: list[Segment]) -> Patient:
        born = None
        birth = next((s for s in segments if s.id == "DMG"), None)
        if birth is not None and birth.get(2):
            born = _day(birth.get(2)[:8])
            if born is None:
                self.problem("DMG02 is not a date", "Write it as YYYYMMDD.", birth)
        return Patient(
            member_id=_value(segments, "NM1", 9),
            last_name=_value(segments, "NM1", 3),
            first_name=_value(segments, "NM1", 4),
            birth_date=born,
        )

    def _npi_of(self, role: str, names: list[list[Segment]]) -> str | None:
        return next((self._npi(n) for n in names if n[0].id == "NM1" and n[0].get(1) == role), None)

    def _npi(self, segments: list[Segment]) -> str | None:
        """NM109 where NM108 says it is an NPI (XX), as it stands."""
        if not segments:
            return None
        name = segments[0]
        number = name.get(9)
        if not number:
            return None
        if name.get(8) != "XX":
            self.problem(f"NM109 of NM1*{name.get(1)} is not an NPI (NM108 is not XX)", "Send the NPI.", name)
            return None
        if not _NPI.fullmatch(number):
            self.problem(f"NM109 of NM1*{name.get(1)} is not ten digits", "Correct the NPI.", name)
        return number

    def _nameless(self, names: list[list[Segment]]) -> None:
        for loop in names:
            if loop[0].id == "NM1" and not loop[0].get(1):
                self.problem("NM101 is empty: whose name this is cannot be told", "Fill it.", loop[0])

    def _number(self, qualifier: str, own: list[Segment], names: list[list[Segment]]) -> Segment | None:
        """The REF*G1 or REF*9F of this payer in a loop. One whose REF04 is 2U is another payer's (5010)."""
        misplaced = [s for loop in names if loop[0].id == "NM1" for s in loop]
        for segment in [*own, *misplaced]:
            if segment.id != "REF" or segment.get(1) != qualifier or segment.components(4)[:1] == ["2U"]:
                continue
            if not segment.get(2):
                self.problem(f"REF*{qualifier} is empty", "Fill or drop it.", segment)
                continue
            if self.line_number is not None and self.kind is ClaimKind.INSTITUTIONAL:
                self.problem(
                    f"An institutional claim has no REF*{qualifier} at line level; it is not read",
                    "Put it at claim level.",
                    segment,
                )
                continue
            if segment in misplaced:
                self.problem(
                    f"REF*{qualifier} stands in a provider's loop; read as if it stood before the providers",
                    "Put it before the providers.",
                    segment,
                )
            if is_placeholder(segment.get(2)):
                self.problem(
                    f"REF*{qualifier} holds a placeholder, not a number that a payer issued: not trusted",
                    "Send the number, or drop the segment.",
                    segment,
                )
            return segment
        return None

    def _dates(self, qualifier: str, segments: list[Segment]) -> tuple[date | None, date | None]:
        """DTP of that qualifier -> first and last day; the last is None for one day. Shapes D8, RD8, DT."""
        segment = next((s for s in segments if s.id == "DTP" and s.get(1) == qualifier), None)
        if segment is None:
            return None, None
        match = _DATE.fullmatch(segment.get(3))
        first = _day(match[1]) if match else None
        last = _day(match[2]) if match and match[2] else None
        if match is None or first is None or (match[2] and last is None):
            self.problem(f"DTP*{qualifier} does not hold a date", "Write D8 or RD8 dates.", segment)
            return None, None
        if last is not None and last < first:
            self.problem(f"DTP*{qualifier} ends before it begins", "Correct it.", segment)
            return None, None
        return first, last if last != first else None

    def _amount(self, segment: Segment, position: int) -> Decimal | None:
        text = _at(segment, position)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self.problem(f"{segment.id}{position:02} is not a number", "Correct it.", segment)
            return None
        return Decimal(text)

    def _line(self, ordinal: int, loops: _LineLoops, pointed: tuple[Diagnosis, ...]) -> ClaimLine:
        own, names = loops.own, loops.names
        head = own[0]
        stated = head.get(1)
        known = head.id == "LX" and _COUNT.fullmatch(stated) is not None
        self.line_number = number = int(stated) if known else ordinal
        if not known:
            self.problem("The line has no number (LX01)", "Number the lines.", head)
        service = next((s for s in own if s.id in _LAYOUTS), None)
        if service is None:
            self.problem("The line has no service segment (SV1, SV2 or SV3)", "Add it.", head)
            service, at = head, _NO_SERVICE
        else:
            at = _LAYOUTS[service.id]
        qualifier, code, modifiers, code_end = self._procedure(service, at.procedure)
        revenue_code = _at(service, at.revenue)
        if at is not _NO_SERVICE and code is None and revenue_code is None:
            self.problem("The line has neither a procedure nor a revenue code", "Fill it.", service)
        unit_code = _at(service, at.unit)
        if unit_code is not None and unit_code not in _UNITS:
            self.problem(
                f"{service.id}{at.unit:02} is no known unit; it is kept as it stands",
                "Check the unit.",
                service,
            )
        quantity = self._amount(service, at.quantity)
        unit = _UNITS.get(unit_code or "")
        if service.id == "SV3" and quantity is not None:
            unit = Unit.UNITS  # SV306 counts procedures; SV3 has no word for it
        date_from, date_to = self._dates("472", own)
        if date_from is None and self._dates_of_claim_do_not_serve(own):
            self.problem("The line has no service date that can be read (DTP*472)", "Add it.", service)
        reference = self._number("G1", own, names)
        referral = self._number("9F", own, names)
        drug, drug_quantity = _first(own, "LIN"), _first(own, "CTP")
        self._nameless(names)
        return ClaimLine(
            number=number,
            code=code,
            code_end=code_end,
            code_qualifier=qualifier,
            modifiers=modifiers,
            revenue_code=revenue_code,
            charge=self._amount(service, at.charge),
            quantity=quantity,
            unit=unit,
            unit_code=unit_code,
            place_of_service=_at(service, at.place),
            diagnoses=self._pointed(service, at.pointers, pointed),
            date_from=date_from,
            date_to=date_to,
            rendering_npi=self._npi_of("82", names),
            facility_npi=self._npi_of("77", names),
            ordering_npi=self._npi_of("DK", names),
            referring_npi=self._npi_of("DN", names),
            supervising_npi=self._npi_of("DQ", names),
            reference_number=reference.get(2) if reference else None,
            referral_number=referral.get(2) if referral else None,
            other_payers=_other_payers_of_line(own),
            control_number=_reference(own, "6R"),
            ndc=_at(drug, 3) if drug and drug.get(2) == "N4" else None,
            ndc_quantity=self._amount(drug_quantity, 4) if drug_quantity else None,
            ndc_unit=next(iter(drug_quantity.components(5)), None) if drug_quantity else None,
            place=service.place,
            reference_span=_span(reference),
        )

    def _dates_of_claim_do_not_serve(self, own: list[Segment]) -> bool:
        """An institutional line may leave its date to the statement's; no other may."""
        has_own = any(s.id == "DTP" and s.get(1) == "472" for s in own)
        has_statement = any(s.id == "DTP" and s.get(1) == "434" for s in self.loops.own)
        return not has_own and not (self.kind is ClaimKind.INSTITUTIONAL and has_statement)

    def _procedure(
        self, service: Segment, position: int
    ) -> tuple[str | None, str | None, tuple[str, ...], str | None]:
        """SV101 and its like -> qualifier, code, modifiers (up to four), end of a range of codes."""
        parts = service.components(position) if position else []
        if not parts:
            return None, None, (), None
        qualifier = parts[0] or None
        if len(parts) == 1:
            qualifier, parts = None, ["", parts[0]]
        if qualifier not in _CODE_QUALIFIERS:
            self.problem(
                f"{service.id}{position:02}-1 is no known kind of code; the code is kept as it stands",
                "Correct the qualifier.",
                service,
            )
        code_end = parts[7] if len(parts) > 7 else ""
        return qualifier, parts[1] or None, tuple(m for m in parts[2:6] if m), code_end or None

    def _pointed(self, service: Segment, position: int, pointed: tuple[Diagnosis, ...]) -> tuple[str, ...]:
        """SV107 (SV311): positions among the claim's diagnoses."""
        codes = []
        for pointer in service.components(position) if position else []:
            if not pointer:
                continue
            index = int(pointer) if _COUNT.fullmatch(pointer) else 0
            if 1 <= index <= len(pointed):
                codes.append(pointed[index - 1].code)
            else:
                self.problem(
                    "A diagnosis pointer points to no diagnosis of the claim", "Correct it.", service
                )
        return tuple(codes)


def _span(segment: Segment | None) -> Span | None:
    return Span(segment.offset, segment.length) if segment else None


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _at(segment: Segment, position: int) -> str | None:
    """One element; None when it is empty or the layout has none (position 0)."""
    return (segment.get(position) or None) if position else None


def _first(segments: list[Segment], name: str) -> Segment | None:
    return next((s for s in segments if s.id == name), None)


def _value(segments: list[Segment], name: str, position: int) -> str | None:
    segment = _first(segments, name)
    return (segment.get(position) or None) if segment else None


def _reference(segments: list[Segment], qualifier: str) -> str | None:
    found = (s.get(2) for s in segments if s.id == "REF" and s.get(1) == qualifier)
    return next((number for number in found if number), None)


def _other_payer(segments: list[Segment]) -> OtherPayer:
    """Loop 2320 with its 2330s."""
    payer = next((s for s in segments if s.id == "NM1" and s.get(1) == "PR"), None)
    return OtherPayer(
        payer_id=(payer.get(9) or None) if payer else None,
        payer_name=(payer.get(3) or None) if payer else None,
        responsibility=_value(segments, "SBR", 1),
        reference_number=_reference(segments, "G1"),
        referral_number=_reference(segments, "9F"),
    )


def _other_payers_of_line(own: list[Segment]) -> tuple[OtherPayer, ...]:
    """Line numbers whose REF04 (2U and a payer ID) gives them to another payer (5010)."""
    found = []
    for segment in own:
        payer = segment.components(4) if segment.id == "REF" else []
        if segment.get(1) in ("G1", "9F") and payer[:1] == ["2U"]:
            number = segment.get(2) or None
            found.append(
                OtherPayer(
                    payer_id=payer[1] if len(payer) > 1 else None,
                    reference_number=number if segment.get(1) == "G1" else None,
                    referral_number=number if segment.get(1) == "9F" else None,
                )
            )
    return tuple(found)
