"""A writer of 837 claims for tests only: any `Claim`, with any separators and line ends, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal_profiles.vocabulary import Unit
from server.interchange.claims import Claim, ClaimKind, ClaimLine, Diagnosis, DiagnosisRole
from server.matching.facts import Patient

_GUIDE = {
    ClaimKind.PROFESSIONAL: "005010X222A1",
    ClaimKind.INSTITUTIONAL: "005010X223A2",
    ClaimKind.DENTAL: "005010X224A2",
}
_QUALIFIER = {
    (DiagnosisRole.PRINCIPAL, 10): "ABK",
    (DiagnosisRole.OTHER, 10): "ABF",
    (DiagnosisRole.ADMITTING, 10): "ABJ",
    (DiagnosisRole.REASON_FOR_VISIT, 10): "APR",
    (DiagnosisRole.EXTERNAL_CAUSE, 10): "ABN",
    (DiagnosisRole.PRINCIPAL, 9): "BK",
    (DiagnosisRole.OTHER, 9): "BF",
    (DiagnosisRole.ADMITTING, 9): "BJ",
    (DiagnosisRole.REASON_FOR_VISIT, 9): "PR",
    (DiagnosisRole.EXTERNAL_CAUSE, 9): "BN",
}
UNIT_WORDS = {Unit.UNITS: "UN", Unit.MINUTES: "MJ", Unit.DAYS: "DA", Unit.MONTHS: "MO", Unit.HOURS: "HS"}


@dataclass(frozen=True)
class Style:
    """How the file is written. component is never in a value."""

    element: str = "*"
    component: str = ":"
    terminator: str = "~\n"
    indent: str = ""
    bom: bool = False
    envelope: bool = True


def render(claims: Iterable[Claim], style: Style | None = None) -> bytes:
    """One interchange; each claim in a set of its own."""
    style = style or Style()
    c = style.component
    out: list[str] = []
    groups = 0
    for number, claim in enumerate(claims, start=1):
        guide = _GUIDE[claim.kind or ClaimKind.PROFESSIONAL]
        segments = list(_claim(claim, c))
        out += [f"ST*837*{number:04}*{guide}", f"BHT*0019*00*{number}*20260301*0900*CH", *segments]
        out.append(f"SE*{len(segments) + 3}*{number:04}")
        groups += 1
    if style.envelope:
        parties = "*ZZ*S              *ZZ*R              "
        isa = f"ISA*00*          *00*          {parties}*260301*0900*U*00501*000000001*0*T*{c}"
        out = [isa, "GS*HC*S*R*20260301*0900*1*X*005010X222A1", *out, f"GE*{groups}*1", "IEA*1*000000001"]
    text = "".join(s.replace("*", style.element) + style.terminator + style.indent for s in out)
    return (b"\xef\xbb\xbf" if style.bom else b"") + text.encode("utf-8")


def _claim(claim: Claim, c: str) -> Iterator[str]:
    institutional = claim.kind is ClaimKind.INSTITUTIONAL
    dependent = claim.patient != claim.subscriber
    yield "HL*1**20*1"
    yield f"NM1*85*2*Riverbend Clinic*****XX*{claim.billing_npi or ''}"
    yield f"HL*2*1*22*{int(dependent)}"
    yield _trim(f"SBR*{claim.responsibility or ''}***{claim.group_name or ''}")
    yield from _person("IL", claim.subscriber, claim.subscriber.member_id)
    yield _trim(f"NM1*PR*2*{claim.payer_name or ''}*****PI*{claim.payer_id or ''}")
    if dependent:
        yield "HL*3*2*23*0"
        yield "PAT*19"
        yield from _person("QC", claim.patient, claim.patient_own_id)
    if institutional:
        bill = claim.type_of_bill or ""
        setting = c.join(
            [bill[: -len(claim.frequency or "")] if claim.frequency else bill, "A", claim.frequency or ""]
        )
    else:
        setting = c.join([claim.place_of_service or "", "B", claim.frequency or ""])
    yield _trim(f"CLM*{claim.id or ''}*{_number(claim.charge)}***{setting}")
    if claim.statement_from:
        yield _dates("434", claim.statement_from, claim.statement_to)
    if claim.admission_date:
        yield _dates("435", claim.admission_date, None)
    for qualifier, value in [
        ("G4", claim.peer_review_number),
        ("F8", claim.original_claim_number),
        ("G1", claim.reference_number),
        ("9F", claim.referral_number),
    ]:
        if value:
            yield f"REF*{qualifier}*{value}"
    for diagnosis in claim.diagnoses:
        yield f"HI*{_QUALIFIER[diagnosis.role, diagnosis.icd]}{c}{diagnosis.code}"
    yield from _providers(
        [
            ("DN", claim.referring_npi),
            ("71", claim.attending_npi),
            ("72", claim.operating_npi),
            ("ZZ", claim.other_operating_npi),
            ("82", claim.rendering_npi),
            ("77", claim.facility_npi),
            ("DQ", claim.supervising_npi),
        ]
    )
    for other in claim.other_payers:
        yield f"SBR*{other.responsibility or ''}*18"
        yield "NM1*IL*1*Someone*Else****MI*OTHER"
        yield _trim(f"NM1*PR*2*{other.payer_name or ''}*****PI*{other.payer_id or ''}")
        if other.reference_number:
            yield f"REF*G1*{other.reference_number}"
        if other.referral_number:
            yield f"REF*9F*{other.referral_number}"
    for line in claim.lines:
        yield from _line(claim, line, c)


def _line(claim: Claim, line: ClaimLine, c: str) -> Iterator[str]:
    yield f"LX*{line.number}"
    modifiers = [*line.modifiers, *[""] * (4 - len(line.modifiers))]
    procedure = (
        c.join(["HC", line.code or "", *modifiers, "", line.code_end or ""]).rstrip(c) if line.code else ""
    )
    measure = f"{line.unit_code or ''}*{_number(line.quantity)}"
    if claim.kind is ClaimKind.INSTITUTIONAL:
        yield _trim(f"SV2*{line.revenue_code or ''}*{procedure}*{_number(line.charge)}*{measure}")
    else:
        pointers = c.join(str(_position(claim.diagnoses, code)) for code in line.diagnoses)
        place = line.place_of_service or ""
        yield _trim(f"SV1*{procedure}*{_number(line.charge)}*{measure}*{place}**{pointers}")
    if line.date_from:
        yield _dates("472", line.date_from, line.date_to)
    if line.reference_number:
        yield f"REF*G1*{line.reference_number}"
    if line.referral_number:
        yield f"REF*9F*{line.referral_number}"
    for other in line.other_payers:
        qualifier = "G1" if other.reference_number else "9F"
        number = other.reference_number or other.referral_number
        yield f"REF*{qualifier}*{number}**2U{c}{other.payer_id}"
    if line.control_number:
        yield f"REF*6R*{line.control_number}"
    if line.ndc:
        yield f"LIN**N4*{line.ndc}"
        yield _trim(f"CTP****{_number(line.ndc_quantity)}*{line.ndc_unit or ''}")
    yield from _providers(
        [
            ("82", line.rendering_npi),
            ("77", line.facility_npi),
            ("DQ", line.supervising_npi),
            ("DK", line.ordering_npi),
            ("DN", line.referring_npi),
        ]
    )


def _providers(roles: list[tuple[str, str | None]]) -> Iterator[str]:
    for role, npi in roles:
        if npi:
            yield f"NM1*{role}*1*Salim*Noor****XX*{npi}"
            yield "REF*0B*STATE7"


def _person(role: str, person: Patient, member_id: str | None) -> Iterator[str]:
    names = f"{person.last_name or ''}*{person.first_name or ''}"
    yield _trim(f"NM1*{role}*1*{names}****{'MI' if member_id else ''}*{member_id or ''}")
    if person.birth_date:
        yield f"DMG*D8*{person.birth_date:%Y%m%d}*U"


def _position(diagnoses: tuple[Diagnosis, ...], code: str) -> int:
    pointed = [d.code for d in diagnoses if d.role in (DiagnosisRole.PRINCIPAL, DiagnosisRole.OTHER)]
    return pointed.index(code) + 1


def _dates(qualifier: str, first: date, last: date | None) -> str:
    if last is None:
        return f"DTP*{qualifier}*D8*{first:%Y%m%d}"
    return f"DTP*{qualifier}*RD8*{first:%Y%m%d}-{last:%Y%m%d}"


def _number(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def _trim(segment: str) -> str:
    return segment.rstrip("*")
