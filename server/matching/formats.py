"""Shapes of the code sets: is a value one that its code set could hold? None when it is, else what is wrong.

Shapes only: no list of CPT codes and no descriptor (AMA copyright), no revenue code texts (AHA/NUBC). A value
that fails is warned about and kept, never thrown away. No message repeats the value, which may identify a
patient.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.matching.compare import NDC_LAYOUTS, diagnosis_key, identifier_key, ndc_readings, place_key


@dataclass(frozen=True, slots=True)
class FormatProblem:
    """What is wrong with a value's shape, and what to do about it. As text: both sentences."""

    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


#: The two-digit codes in use of the CMS place of service code set (public domain; codes of the version of
#: 2 May 2024, read in CMSgov/beneficiary-fhir-data CodeSystem-CLM-POS-CD). The others are unassigned.
PLACES_OF_SERVICE = frozenset(
    {f"{n:02d}" for n in range(1, 28)}
    | {"31", "32", "33", "34", "41", "42"}
    | {f"{n:02d}" for n in range(49, 59)}
    | {"60", "61", "62", "65", "66", "71", "72", "81", "99"}
)


def npi_problem(text: str) -> FormatProblem | None:
    """National Provider Identifier: 10 digits, the first 1 or 2, the last a Luhn check digit over 80840 + the
    first nine (CMS, NPI check digit calculation). Whether it names a person or a group can't be seen in it.
    """
    digits = identifier_key(text)
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):
        return FormatProblem("An NPI has 10 digits.", "Copy the number from the NPI registry.")
    if digits[0] not in "12":
        return FormatProblem("An NPI begins with 1 or 2.", "Copy the number from the NPI registry.")
    if (_luhn_sum(digits) + 24) % 10:
        return FormatProblem(
            "The NPI's check digit is wrong, so a digit was likely mistyped.",
            "Copy the number from the NPI registry.",
        )
    return None


def _luhn_sum(digits: str) -> int:
    """The Luhn sum with the last digit as check digit. The constant 24 stands for the prefix 80840."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total


def procedure_code_problem(text: str) -> FormatProblem | None:
    """CPT (four digits and a digit, or F, T, U, A, M for its categories) or HCPCS level II (a letter A to V
    and four digits). Sources: AMA and CMS code shapes as in the domain facts, section 5. Case does not
    matter.
    """
    code = text.strip().upper()
    if len(code) == 5 and code.isascii():
        if code[:4].isdigit() and code[4] in "0123456789AFTMU":
            return None
        if "A" <= code[0] <= "V" and code[1:].isdigit():
            return None
    return FormatProblem(
        "A CPT or HCPCS code is four digits and a digit or category letter, or A to V and four digits.",
        "Correct the code; put modifiers in their own field.",
    )


def diagnosis_problem(text: str) -> FormatProblem | None:
    """ICD-10-CM: a letter, a digit, a digit or A or B, then up to four letters or digits, with or without
    the dot after the third (NCHS/CMS ICD-10-CM). U codes exist (U07.1).
    """
    trimmed = text.strip()
    code = diagnosis_key(trimmed)
    shaped = (
        3 <= len(code) <= 7
        and code.isascii()
        and code.isalnum()
        and code[0].isalpha()
        and code[1].isdigit()
        and (code[2].isdigit() or code[2] in "AB")
    )
    if not shaped:
        return FormatProblem(
            "An ICD-10-CM code has a letter, a digit, a digit or A or B, and up to four more characters.",
            "Correct the diagnosis code; ICD-9 codes are no longer accepted.",
        )
    if "." in trimmed and (trimmed.index(".") != 3 or trimmed.count(".") != 1 or len(code) == 3):
        return FormatProblem(
            "The dot of an ICD-10-CM code stands after the third character, with characters behind it.",
            "Move or leave out the dot.",
        )
    return None


def inpatient_procedure_problem(text: str) -> FormatProblem | None:
    """ICD-10-PCS: seven letters or digits, never the letters I and O (CMS ICD-10-PCS)."""
    code = text.strip().upper()
    if len(code) == 7 and code.isascii() and code.isalnum() and "I" not in code and "O" not in code:
        return None
    return FormatProblem(
        "An ICD-10-PCS code has seven letters or digits and never the letters I and O.",
        "Correct the code; 1 and 0 are often mistyped as I and O.",
    )


def modifier_problem(text: str) -> FormatProblem | None:
    """CPT or HCPCS modifier: two letters or digits. Source: domain facts, section 5."""
    code = text.strip()
    if len(code) == 2 and code.isascii() and code.isalnum():
        return None
    return FormatProblem(
        "A modifier has two letters or digits.", "Put each modifier in its own field, without the code."
    )


def place_of_service_problem(text: str) -> FormatProblem | None:
    """Place of service: a code in use of the CMS code set. One digit is read with a leading zero."""
    if place_key(text) in PLACES_OF_SERVICE:
        return None
    return FormatProblem(
        "This is no place of service code of the CMS list.", "Use the two digits, for example 11 or 22."
    )


def ndc_11(text: str) -> str | None:
    """The HIPAA form of an NDC, 11 digits 5-4-2 without dashes; None when it can't be told.

    Ten digits are padded in their short segment (4-4-2, 5-3-2, 5-4-1) only where dashes show which it is.
    """
    parts = text.strip().split("-")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        if (len(parts[0]), len(parts[1]), len(parts[2])) not in NDC_LAYOUTS:
            return None
        return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
    digits = identifier_key(text)
    return digits if len(parts) == 1 and len(digits) == 11 and digits.isascii() and digits.isdigit() else None


def ndc_problem(text: str) -> FormatProblem | None:
    """National Drug Code: HIPAA's 11 digits (5-4-2), or FDA's 10 with the dashes of the package."""
    if ndc_11(text) is not None:
        return None
    if len(ndc_readings(identifier_key(text))) == 3 and "-" not in text.strip():
        return FormatProblem(
            "Ten digits without dashes can be three different drugs.",
            "Enter the NDC with the dashes of the package, or in 11 digits (5-4-2).",
        )
    return FormatProblem(
        "An NDC has 11 digits (5-4-2), or 10 with the dashes of the package.",
        "Copy it from the package or the claim's 11-digit form.",
    )


def revenue_code_problem(text: str) -> FormatProblem | None:
    """Revenue code: four digits, usually with a leading zero that may be left out (NUBC shape, no texts)."""
    code = text.strip()
    if len(code) in (3, 4) and code.isascii() and code.isdigit():
        return None
    return FormatProblem(
        "A revenue code has four digits.", "Enter it with its leading zero, for example 0762."
    )


def type_of_bill_problem(text: str) -> FormatProblem | None:
    """Type of bill: facility, class and frequency, often with a leading zero (NUBC shape).

    The frequency may be a letter.
    """
    code = text.strip().upper()
    if len(code) == 4 and code[0] == "0":
        code = code[1:]
    if len(code) == 3 and code.isascii() and code[:2].isdigit() and code[2].isalnum() and code[0] != "0":
        return None
    return FormatProblem(
        "A type of bill has a facility digit, a class digit and a frequency.", "Enter it like 131 or 0131."
    )


def utn_problem(text: str) -> FormatProblem | None:
    """Medicare unique tracking number: two letters or digits, A or H, eleven digits (Noridian JF).

    Of Medicare only: other payers' numbers have no known shape and are never judged by one.
    """
    code = identifier_key(text)
    if len(code) == 14 and code.isascii() and code[:2].isalnum() and code[2] in "AH" and code[3:].isdigit():
        return None
    return FormatProblem(
        "A Medicare unique tracking number has 14 characters: two letters or digits, A or H, eleven digits.",
        "Copy it from the decision letter.",
    )
