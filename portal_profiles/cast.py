"""The named cast: the made-up people, providers and numbers that saved pages may name, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up patient."""

    first: str
    last: str
    born: date
    member_id: str


CAST = (
    Person("Ada", "Lindqvist", date(1961, 3, 12), "XYZ100200301"),
    Person("Bruno", "Okafor", date(1978, 11, 5), "XYZ100200302"),
    Person("Carmen", "Tevez", date(1990, 7, 4), "XYZ100200303"),
    Person("Dmitri", "Halvorsen", date(1955, 12, 30), "XYZ100200304"),
    Person("Esther", "Nakamura", date(2001, 2, 28), "XYZ100200305"),
    Person("Farid", "Castellane", date(1984, 9, 17), "XYZ100200306"),
    Person("Greta", "Moreau", date(1949, 6, 21), "XYZ100200307"),
    Person("Hugo", "Adeyemi", date(1996, 4, 9), "XYZ100200308"),
    Person("Ines", "Varga", date(1972, 8, 8), "XYZ100200309"),
    Person("Jonas", "Petrov", date(1966, 1, 15), "XYZ100200310"),
)

#: Made-up providers' numbers; each passes the NPI's check digit.
NPIS = ("1234567893", "1003000126", "1992999957")

#: Codes that stand for any: what was done is a patient's too.
PROCEDURE_CODES = ("97110", "97140", "97530", "99213", "73721")
DIAGNOSIS_CODES = (
    "M54",
    "I10",
    "M54.5",
    "E11.9",
    "M25.56",
    "M25.561",
    "S83.511A",
    "M545",
    "M25561",
    "S83511A",
)

#: Every word of the cast's names.
NAMES = tuple(name for person in CAST for name in (person.first, person.last))
