"""What clinics call the columns and the words of their authorization lists: other people's words, as they
are.

The portals' own status words are not here: each profile declares them. These are what staff type into a
spreadsheet.
"""

from __future__ import annotations

from enum import StrEnum

from portal_profiles.vocabulary import (
    AuthorizationType,
    CertificationKind,
    Component,
    Determination,
    LevelOfCare,
    NumberKind,
    RequestMethod,
    Unit,
)

#: Field of a row -> headers that mean it, as people write them. Compared without case, spaces and
#: punctuation;
#: "#" is read as "number".
HEADERS: dict[str, tuple[str, ...]] = {
    "payer_id": ("Payer ID", "Insurance ID Code", "Carrier Code", "Payor ID", "Electronic Payer ID"),
    "payer_name": (
        "Payer", "Payor", "Insurance", "Insurance Company", "Insurance Name", "Carrier", "Health Plan",
        "Payer Name",
        "Payor Name", "Primary Insurance", "Ins", "Ins Co", "Insurer",
    ),
    "plan": ("Plan", "Plan Name", "Product", "Line of Business", "LOB", "Benefit Plan"),
    "portal": ("Portal", "Payer Portal", "Portal Slug"),
    "member_id": (
        "Member ID", "Member #", "Member Number", "Member No", "Subscriber ID", "Subscriber #", "Policy #",
        "Policy Number", "Insurance ID", "Insured ID", "MemberID", "Mbr ID", "Member Identifier",
        "Patient Member ID",
        "Policy ID", "Ins ID", "Subscriber Number", "Subscriber No", "Insurance Member ID", "Insurance #",
        "Insurance Number", "Mbr #", "Mem ID", "Medicaid ID", "Medicare ID", "MBI", "Beneficiary ID",
        "Recipient ID", "Enrollee ID", "Insurance Policy #", "Member",
    ),
    "last_name": ("Last Name", "Patient Last Name", "Last", "Surname", "Pt Last Name", "Family Name",
        "LName"),
    "first_name": ("First Name", "Patient First Name", "First", "Pt First Name", "Given Name", "FName"),
    "patient_name": ("Patient", "Patient Name", "Member Name", "Name", "Pt Name", "Client", "Client Name",
        "Full Name"),
    "birth_date": (
        "DOB", "Date of Birth", "Birth Date", "Birthdate", "Patient DOB", "Pt DOB", "D.O.B.", "Member DOB",
    ),
    "type": ("Authorization Type", "Auth Type", "Review Type", "Type of Authorization", "Type"),
    "certification_kind": ("Certification Kind", "Certification Type", "Cert Type"),
    "requested_by": ("Requested By", "Request Method", "Submitted Via", "Method", "Submission Method",
        "How Requested"),
    "determination": (
        "Determination", "Status", "Auth Status", "Authorization Status", "Decision", "PA Status",
        "Current Status",
        "Case Status", "Request Status",
    ),
    "authorization_number": (
        "Authorization Number", "Auth #", "Auth Number", "Auth No", "Auth/Ref #", "Auth Ref #",
        "Auth. No.", "Approval No", "Prior Authorization #", "Authorization #", "Authorization No",
        "Auth",
        "Prior Authorization Number", "Prior Auth #", "Prior Auth Number", "Prior Auth", "PA #",
        "PA Number", "PA",
        "Certification Number", "Certification #", "Cert #", "Cert Number", "Pre-Cert #", "Precert #",
        "Precert Number",
        "Authorization", "Auth ID", "Authorization ID", "Approval Number", "Approval #", "Auth Num", "UTN",
    ),
    "referral_number": ("Referral Number", "Referral #", "Referral No", "Referral", "Referral ID",
        "Ref Auth #"),
    "reference_number": (
        "Reference Number", "Reference #", "Ref #", "Ref Number", "Reference", "Reference No",
        "Call Reference #",
        "Call Ref #",
    ),
    "case_number": ("Case Number", "Case #", "Case ID", "Case No", "Service Reference Number"),
    "request_number": ("Request Number", "Request #", "Request ID", "Order Number", "Order #"),
    "tracking_number": ("Tracking Number", "Tracking #", "Tracking ID", "Transaction ID", "Confirmation #"),
    "request_key": ("Request Key", "PA Key", "PA Request Key"),
    "issuer": ("Issuer", "Vendor", "Delegated Vendor", "UM Vendor", "Review Vendor", "Issued By"),
    "procedure_code": (
        "CPT", "CPT Code", "CPT Codes", "CPT/HCPCS", "Procedure Code", "Procedure Codes", "Procedure",
        "Proc Code",
        "HCPCS", "HCPCS Code", "Service Code", "Code", "Codes", "CPTs", "NDC", "Revenue Code", "Billing Code",
        "CPT(s)", "Approved CPT", "Services", "Procedure(s)", "CPT HCPCS Code",
    ),
    "requested_code": ("Requested CPT", "Requested Code", "Requested Procedure"),
    "service_type": ("Service Type", "Service Type Code"),
    "modifiers": ("Modifier", "Modifiers", "Mod", "Mods", "Modifier 1", "Modifier 2", "Modifier 3",
        "Modifier 4", "Mod 1", "Mod 2", "Mod 3", "Mod 4"),
    "component": ("Component",),
    "quantity": (
        "Quantity", "Qty", "Approved Quantity", "Authorized Quantity", "Amount", "Amount Approved",
        "Number Approved",
    ),
    "quantity_units": (
        "Units", "Approved Units", "Authorized Units", "Units Approved", "Units Authorized", "Total Units",
        "# Units",
        "Auth Units", "Number of Units",
    ),
    "quantity_visits": (
        "Visits", "Approved Visits", "Authorized Visits", "Visits Approved", "Visits Authorized", "# Visits",
        "Number of Visits", "Sessions", "Auth Visits", "Total Visits",
    ),
    "quantity_days": ("Days", "Approved Days", "Days Approved", "Number of Days", "# Days", "LOS"),
    "quantity_hours": ("Hours", "Approved Hours", "Hours Approved", "# Hours"),
    "unit": ("Unit", "Unit Type", "Unit of Measure", "UOM", "Quantity Type", "Measure"),
    "requested_quantity": ("Requested Quantity", "Requested Units", "Units Requested", "Visits Requested",
        "Qty Requested"),
    "used": ("Used", "Units Used", "Visits Used", "Used Units", "Used Visits", "Consumed"),
    "diagnoses": (
        "Diagnosis", "Diagnoses", "Diagnosis Code", "Diagnosis Codes", "Dx", "Dx Code", "Dx Codes", "ICD-10",
        "ICD10", "ICD-10 Code", "ICD 10 Codes", "ICD", "DX Code(s)", "ICD Code", "ICD-10-CM", "Diagnosis 1",
        "Diagnosis 2", "Diagnosis 3", "Diagnosis 4", "Dx 1", "Dx 2", "Dx 3", "Dx 4", "Dx1",
        "Primary Diagnosis",
        "Primary Dx", "Prim Dx", "Diagnosis(es)", "Diag", "Diag Code", "ICD-10 Codes", "ICD10 Code",
        "ICD Codes",
    ),
    "requesting_npi": (
        "Requesting NPI", "Requesting Provider NPI", "Ordering NPI", "Ordering Provider NPI", "Referring NPI",
        "Referring Provider NPI",
    ),
    "rendering_npis": (
        "Rendering NPI", "Rendering Provider NPI", "Servicing NPI", "Servicing Provider NPI",
        "Provider NPI", "NPI",
        "Performing NPI", "Treating NPI", "Rendering NPIs", "Individual NPI",
    ),
    "billing_npi": ("Billing NPI", "Billing Provider NPI", "Group NPI", "Practice NPI"),
    "facility_npi": ("Facility NPI", "Location NPI", "Site NPI", "Service Facility NPI"),
    "place_of_service": ("Place of Service", "POS", "POS Code", "Place Of Service Code"),
    "level_of_care": ("Level of Care", "LOC", "Setting", "Care Level", "Patient Status"),
    "requested": (
        "Requested", "Requested Date", "Request Date", "Date Requested", "Submitted", "Submitted Date",
        "Date Submitted",
        "Submission Date", "Received Date",
    ),
    "decided": (
        "Decided", "Decision Date", "Approved Date", "Approval Date", "Date Approved", "Determination Date",
        "Date Decided", "Decided Date",
    ),
    "effective": (
        "Effective Date", "Effective", "Start Date", "Start", "From", "From Date", "Begin Date", "Auth Start",
        "Auth Start Date", "Authorization Start Date", "Valid From", "Approved From", "Auth From", "Begin",
        "Auth Effective Date", "Effective From", "Date From", "Auth Begin Date", "Eff Date", "Eff",
        "Auth Eff Date",
        "Effective Dt", "Start Dt", "Valid Start", "First Date", "Authorized From", "From DOS", "DOS From",
    ),
    "expiry": (
        "Expiration Date", "Expiration", "Expiry", "Expiry Date", "End Date", "End", "To", "To Date",
        "Through",
        "Thru", "Thru Date", "Auth End", "Auth End Date", "Authorization End Date", "Valid To",
        "Valid Through",
        "Valid Until", "Exp Date", "Expires", "Approved To", "Approved Through", "Auth Expiration", "Date To",
        "Auth Expiration Date", "Auth Exp Date", "Termination Date", "Auth To", "Exp", "Term Date", "End Dt",
        "Expiration Dt", "Valid Thru", "Valid End", "Last Date", "Authorized Through", "Authorized To",
        "Expires On", "Auth Thru", "Auth Through", "To DOS", "DOS To", "DOS Through",
    ),
    "service_date": (
        "DOS", "Date of Service", "Service Date", "Scheduled Date", "Appointment Date", "Appt Date",
        "Surgery Date",
        "Procedure Date",
    ),
    "notes": ("Notes", "Note", "Comments", "Comment", "Remarks"),
}  # fmt: skip

#: Field of a number's column -> what kind of number it holds.
NUMBER_COLUMNS: dict[str, NumberKind] = {
    "authorization_number": NumberKind.AUTHORIZATION,
    "referral_number": NumberKind.REFERRAL,
    "reference_number": NumberKind.REFERENCE,
    "case_number": NumberKind.CASE,
    "request_number": NumberKind.REQUEST,
    "tracking_number": NumberKind.TRACKING,
    "request_key": NumberKind.KEY,
}
#: Field of a quantity's column whose header names the measure.
MEASURED_COLUMNS: dict[str, Unit | None] = {
    "quantity": None,
    "quantity_units": Unit.UNITS,
    "quantity_visits": Unit.VISITS,
    "quantity_days": Unit.DAYS,
    "quantity_hours": Unit.HOURS,
}
#: Words that cells say, beside the vocabulary's own, per field. Compared like headers.
WORDS: dict[str, dict[str, StrEnum]] = {
    "determination": {
        "approved": Determination.APPROVED, "authorized": Determination.APPROVED,

        "certified": Determination.APPROVED, "certified in total": Determination.APPROVED,
        "A1": Determination.APPROVED,
        "approve": Determination.APPROVED, "fully approved": Determination.APPROVED,
        "partial": Determination.PARTIALLY_APPROVED, "partial approval": Determination.PARTIALLY_APPROVED,
        "partially certified": Determination.PARTIALLY_APPROVED,
        "partially authorized": Determination.PARTIALLY_APPROVED,
        "A2": Determination.PARTIALLY_APPROVED, "certified partial": Determination.PARTIALLY_APPROVED,
        "approved with modification": Determination.MODIFIED, "A6": Determination.MODIFIED,
        "pending": Determination.PENDED, "pend": Determination.PENDED, "in review": Determination.PENDED,
        "under review": Determination.PENDED, "in process": Determination.PENDED,
        "pending review": Determination.PENDED,
        "in progress": Determination.PENDED, "A4": Determination.PENDED,
        "more info needed": Determination.MORE_INFORMATION_NEEDED,
        "info requested": Determination.MORE_INFORMATION_NEEDED,
        "additional information required": Determination.MORE_INFORMATION_NEEDED,
        "pending additional information": Determination.MORE_INFORMATION_NEEDED,
        "denial": Determination.DENIED, "not certified": Determination.DENIED,
        "rejected": Determination.DENIED,
        "not approved": Determination.DENIED, "not authorized": Determination.DENIED,
        "A3": Determination.DENIED,
        "canceled": Determination.CANCELLED, "withdrawn": Determination.CANCELLED,
        "not req": Determination.NOT_REQUIRED, "no auth required": Determination.NOT_REQUIRED,
        "no authorization required": Determination.NOT_REQUIRED, "NAR": Determination.NOT_REQUIRED,
        "auth not required": Determination.NOT_REQUIRED, "no PA required": Determination.NOT_REQUIRED,
        "sent": Determination.SUBMITTED, "requested": Determination.SUBMITTED,
        "not submitted": Determination.DRAFT,
        "to do": Determination.DRAFT, "not started": Determination.DRAFT, "voided": Determination.VOID,
        "appeal": Determination.IN_APPEAL, "appealed": Determination.IN_APPEAL,
        "under appeal": Determination.IN_APPEAL,
    },
    "unit": {
        "unit": Unit.UNITS, "un": Unit.UNITS, "ea": Unit.UNITS, "each": Unit.UNITS, "visit": Unit.VISITS,
        "vs": Unit.VISITS, "session": Unit.VISITS, "sessions": Unit.VISITS, "day": Unit.DAYS, "da": Unit.DAYS,
        "hour": Unit.HOURS, "hr": Unit.HOURS, "hrs": Unit.HOURS, "minute": Unit.MINUTES, "min": Unit.MINUTES,
        "mins": Unit.MINUTES, "month": Unit.MONTHS, "mo": Unit.MONTHS,
    },
    "level_of_care": {
        "ip": LevelOfCare.INPATIENT, "inpt": LevelOfCare.INPATIENT, "obs": LevelOfCare.OBSERVATION,
        "op": LevelOfCare.OUTPATIENT, "outpt": LevelOfCare.OUTPATIENT,
    },
    "component": {
        "professional component": Component.PROFESSIONAL, "26": Component.PROFESSIONAL,
        "pc": Component.PROFESSIONAL,
        "technical component": Component.TECHNICAL, "tc": Component.TECHNICAL,
        "facility": Component.TECHNICAL,
        "both": Component.GLOBAL,
    },
    "type": {
        "prior authorization": AuthorizationType.PRIOR, "prior auth": AuthorizationType.PRIOR,
        "pa": AuthorizationType.PRIOR, "initial": AuthorizationType.PRIOR,
        "pre-service": AuthorizationType.PRIOR,
        "prospective": AuthorizationType.PRIOR, "precert": AuthorizationType.PRIOR,
        "continued stay": AuthorizationType.CONCURRENT, "extension": AuthorizationType.CONCURRENT,
        "retro": AuthorizationType.RETROSPECTIVE, "retro auth": AuthorizationType.RETROSPECTIVE,
        "post-service": AuthorizationType.RETROSPECTIVE, "ref": AuthorizationType.REFERRAL,
        "specialist referral": AuthorizationType.REFERRAL, "step": AuthorizationType.STEP_THERAPY,
    },
    "certification_kind": {
        "precert": CertificationKind.PRE_CERTIFICATION, "pa": CertificationKind.PRIOR_AUTHORIZATION,
        "prior auth": CertificationKind.PRIOR_AUTHORIZATION,
    },
    "requested_by": {
        "web": RequestMethod.PORTAL, "online": RequestMethod.PORTAL, "payer portal": RequestMethod.PORTAL,
        "website": RequestMethod.PORTAL, "edi": RequestMethod.CLEARINGHOUSE,
        "278": RequestMethod.CLEARINGHOUSE,
        "call": RequestMethod.PHONE, "phone call": RequestMethod.PHONE, "telephone": RequestMethod.PHONE,
        "emr": RequestMethod.EHR, "vendor": RequestMethod.DELEGATED_VENDOR,
    },
}  # fmt: skip

#: Field -> the vocabulary that its cells are read in.
VOCABULARIES: dict[str, type[StrEnum]] = {
    "determination": Determination,
    "unit": Unit,
    "level_of_care": LevelOfCare,
    "component": Component,
    "type": AuthorizationType,
    "certification_kind": CertificationKind,
    "requested_by": RequestMethod,
}
