from dataclasses import replace

from portal_profiles.vocabulary import FieldName
from server.matching import cast
from server.matching.comparison import CodeFit, Comparison
from server.matching.facts import ApprovedLine, PayerRuleKind, Policy
from server.matching.finding import Severity
from server.matching.rule import EXAMPLE_DAY, Agreement, Answer, Difference, Example

AGREES = Agreement((FieldName.PROCEDURE_CODE,))


def procedure_not_approved(comparison: Comparison) -> Answer:
    """The approval names a procedure, and this is another one. Neighbouring codes are different services
    unless the payer publishes that one may stand for the other, and then only in that direction (CARC 284).
    """
    fit = comparison.fit
    if fit is CodeFit.EXACT or fit is CodeFit.RANGE:
        return AGREES
    if fit is CodeFit.UNKNOWN:
        return None
    approved = _approved(comparison)
    entered = comparison.service.procedure_code or comparison.service.revenue_code
    if fit is CodeFit.EQUIVALENT or fit is CodeFit.SERVICE_TYPE:
        return Difference(
            Severity.ALLOWED,
            FieldName.PROCEDURE_CODE,
            "The payer accepts this procedure under what was approved.",
            "Nothing to do.",
            approved=approved,
            entered=entered,
            payer_rule=comparison.fit_rule,
        )
    if fit is CodeFit.AMBIGUOUS:
        return Difference(
            Severity.CAUTION,
            FieldName.PROCEDURE_CODE,
            "Ten digits without dashes can be three different drugs, one of them the approved one.",
            "Enter the NDC with its dashes or in 11 digits.",
            approved=approved,
            entered=entered,
            carc="284",
        )
    if fit is CodeFit.OTHER_SYSTEM:
        return Difference(
            Severity.CAUTION,
            FieldName.PROCEDURE_CODE,
            "The approval and the entry name the service in different code systems.",
            "Compare them by hand; ask the payer which code the approval covers.",
            approved=approved,
            entered=entered,
            carc="284",
        )
    return Difference(
        Severity.DENIAL,
        FieldName.PROCEDURE_CODE,
        "This procedure was not approved.",
        "Correct the code, or ask the payer to add or change the procedure before the service.",
        approved=approved,
        entered=entered,
        carc="284",
        payer_rule=comparison.fit_rule,
    )


def _approved(comparison: Comparison) -> str | None:
    lines = comparison.authorization.lines if comparison.line is None else (comparison.line,)
    said = []
    for line in lines:
        if line.code and line.code_end:
            said.append(f"{line.code} to {line.code_end}")
        elif line.code:
            said.append(line.code)
        elif line.service_type:
            said.append(f"service type {line.service_type}")
    return ", ".join(said) or None


def _with(kind: PayerRuleKind, **data: object) -> Policy:
    return Policy(today=EXAMPLE_DAY, payer_rules=(cast.payer_rule(kind, **data),))


EXAMPLES = (
    Example("a neighbouring code", cast.service(procedure_code="70553"), (cast.APPROVAL,), Severity.DENIAL),
    Example(
        "none of several lines",
        cast.service(procedure_code="70553"),
        (cast.approval(lines=(cast.APPROVED_LINE, replace(cast.APPROVED_LINE, code="70552", number=2))),),
        Severity.DENIAL,
    ),
    Example(
        "outside an approved range",
        cast.service(procedure_code="K0001"),
        (cast.approval_of(code="J0000", code_end="J9999"),),
        Severity.DENIAL,
    ),
    Example(
        "the payer's crosswalk lets it pass",
        cast.service(procedure_code="70551"),
        (cast.approval_of(code="70553"),),
        Severity.ALLOWED,
        _with(PayerRuleKind.EQUIVALENT_CODE, approved="70553", allowed="70551"),
    ),
    Example(
        "the crosswalk the other way round",
        cast.service(procedure_code="70553"),
        (cast.APPROVAL,),
        Severity.DENIAL,
        _with(PayerRuleKind.EQUIVALENT_CODE, approved="70553", allowed="70551"),
    ),
    Example(
        "a drug entered in ten digits",
        cast.service(procedure_code="0002143380"),
        (cast.approval_of(code="00002-1433-80"),),
        Severity.CAUTION,
    ),
    Example("the approved code", cast.SERVICE, (cast.APPROVAL,), None),
    Example(
        "inside an approved range",
        cast.service(procedure_code="j1745"),
        (cast.approval_of(code="J0000", code_end="J9999"),),
        None,
    ),
    Example(
        "a category was approved and the payer lists no codes for it",
        cast.SERVICE,
        (cast.approval(lines=(ApprovedLine(service_type="62"),)),),
        None,
    ),
    Example("no code entered yet", cast.service(procedure_code=None), (cast.APPROVAL,), None),
)
