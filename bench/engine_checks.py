"""Checks per second in the engine, beside the least that any comparison costs.

    python -m bench.engine_checks [--seconds 2] [--json]

The naive comparison holds the same services against the same authorizations with `==` on the seven
elements that the popular advice lists, and stops at a yes or no: no normal forms, no payer rules, no reasons.
The ratio says what those cost. Both run in turns in one process, best of five turns, in processor time: what
else the machine does is left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from server.matching import cast
from server.matching.engine import check, evaluate
from server.matching.facts import Authorization, PayerRuleKind, Policy, ReferenceNumber, Service
from server.matching.rule import EXAMPLE_DAY

TURNS = 5
PAIRS = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of checking: how many a second, and how that stands to the naive one of the same turns."""

    name: str
    per_second: float
    ratio: float


def pairs() -> list[tuple[Service, Authorization]]:
    """Services and their authorizations: half agree in everything, the others differ in one element each."""
    changes: Sequence[dict[str, object]] = (
        {},
        {"procedure_code": "70553"},
        {},
        {"date_from": EXAMPLE_DAY + timedelta(days=300)},
        {},
        {"quantity": Decimal(9)},
        {},
        {"rendering_npi": cast.OTHER_INDIVIDUAL_NPI},
    )
    made = []
    for n in range(PAIRS):
        patient = replace(cast.ADA, member_id=f"XYZ{n:09d}")
        number = f"A{n:07d}"
        service = cast.service(patient=patient, reference_number=number, **changes[n % len(changes)])
        made.append(
            (
                service,
                cast.approval(id=str(n), patient=patient, reference_numbers=(ReferenceNumber(number),)),
            )
        )
    return made


def naive(service: Service, authorization: Authorization) -> bool:
    """Strict equality on code, diagnosis, provider, place, units, dates and number."""
    line = authorization.lines[0]
    return (
        service.procedure_code == line.code
        and service.diagnoses == authorization.diagnoses
        and service.rendering_npi in authorization.rendering_npis
        and service.place_of_service == authorization.place_of_service
        and service.quantity is not None
        and line.quantity is not None
        and service.quantity <= line.quantity
        and service.date_from is not None
        and authorization.effective is not None
        and authorization.expiry is not None
        and authorization.effective <= service.date_from <= authorization.expiry
        and service.reference_number == authorization.reference_numbers[0].value
    )


def measure(seconds: float) -> list[Measured]:
    """Each way in turns over the same pairs, about `seconds` a way; the best turn of each counts."""
    data = pairs()
    strict = Policy(today=EXAMPLE_DAY)
    rules = (
        cast.payer_rule(PayerRuleKind.EQUIVALENT_CODE, approved="70551", allowed="70553"),
        cast.payer_rule(PayerRuleKind.PROVIDER_LEVEL, level="group"),
        cast.payer_rule(PayerRuleKind.DATE_GRACE, days=3),
    )
    published = Policy(today=EXAMPLE_DAY, payer_rules=rules)
    beside = {
        authorization.id: [
            authorization,
            *(
                replace(authorization, id=f"{authorization.id}-{k}", lines=(replace(line, code=code),))
                for k, code in enumerate(("97110", "97140", "J1745", "K0001"))
            ),
        ]
        for _, authorization in data
        for line in authorization.lines
    }
    ways: dict[str, Callable[[Service, Authorization], object]] = {
        "naive equality": naive,
        "check, no payer rules": lambda s, a: check(s, a, strict),
        "check, three payer rules": lambda s, a: check(s, a, published),
        "evaluate, one authorization": lambda s, a: evaluate(s, (a,), strict),
        "evaluate, five of the patient": lambda s, a: evaluate(s, beside[a.id], strict),
    }
    best = dict.fromkeys(ways, 0.0)
    for _ in range(TURNS):
        for name, way in ways.items():
            best[name] = max(best[name], _per_second(way, data, seconds / TURNS))
    base = best["naive equality"]
    return [Measured(name, rate, rate / base) for name, rate in best.items()]


def _per_second(
    way: Callable[[Service, Authorization], object],
    data: Sequence[tuple[Service, Authorization]],
    seconds: float,
) -> float:
    done, start = 0, time.process_time()
    while (elapsed := time.process_time() - start) < seconds:
        for service, authorization in data:
            way(service, authorization)
        done += len(data)
    return done / elapsed


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description="Checks per second in the engine.")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each way of checking")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    measured = measure(chosen.seconds)
    if chosen.json:
        rows = [
            {"name": m.name, "per_second": round(m.per_second), "ratio": round(m.ratio, 4)} for m in measured
        ]
        print(json.dumps({"bench": "engine_checks", "pairs": PAIRS, "results": rows}))
        return
    print(f"{'way':32}{'checks/s':>12}{'to naive':>10}")
    for m in measured:
        print(f"{m.name:32}{m.per_second:>12,.0f}{m.ratio:>10.3f}")


if __name__ == "__main__":
    main()
