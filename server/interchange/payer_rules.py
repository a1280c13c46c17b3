"""Payers' published practices from a TOML file: one [[rule]] each, with its source and date.

[[rule]]
name = "exh-contrast"              # any name, unique: findings show it
payer_id = "EXH01"
kind = "equivalent_code"           # one of server.matching.facts.PayerRuleKind
data = { approved = "70553", allowed = "70551" }
source = "Example Health provider manual, section 4.2"
source_date = 2026-03-01
plan = "Example Health PPO"        # optional; effective and expiry too, as dates of service
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from portal_profiles import catalogue
from server.errors import FieldProblem, Problem
from server.matching.facts import PayerRule, PayerRuleKind
from server.matching.payer_rules import PayerRuleError

_TEXTS = ("name", "payer_id", "kind", "source")
_KEYS = frozenset({*_TEXTS, "data", "source_date", "plan", "effective", "expiry"})


def read_payer_rules(path: Path) -> list[PayerRule]:
    """Every rule of the file, in order. Raises Problem naming each rule and key, and reads nothing then."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise Problem("no_file", f"{path} can't be read. Check its name.", 404) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem("not_toml", f"{path.name} is not TOML in UTF-8: {error}", 422) from None
    entries = content.get("rule", [])
    rules: list[PayerRule] = []
    problems: list[FieldProblem] = []
    for number, entry in enumerate(entries, start=1):
        found = [FieldProblem(key, what, remedy, number) for key, what, remedy in _mistakes(entry)]
        if not found:
            try:
                rule = _rule(entry)
            except PayerRuleError as error:
                found = [FieldProblem(error.key, f"The value {error.remedy}.", "", number)]
            else:
                rules.append(rule)
                if rule.terms.portal and rule.terms.portal not in catalogue.slugs():
                    known = ", ".join(catalogue.slugs())
                    found = [
                        FieldProblem("portal", "No portal has this name.", f"Give one of: {known}.", number)
                    ]
        problems += found
    names = [rule.id for rule in rules]
    problems += [
        FieldProblem("name", f"Two rules are named {name}.", "Give each its own name.")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if not entries:
        problems.append(FieldProblem("rule", "There is no [[rule]] in the file.", "Add one."))
    if problems:
        raise Problem("invalid", f"{path.name} was not imported.", 422, tuple(problems))
    return rules


def _mistakes(entry: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = [(key, "It is missing.", "Give a text.") for key in _TEXTS if not isinstance(entry.get(key), str)]
    found += [
        (key, "No such key.", f"Known: {', '.join(sorted(_KEYS))}.") for key in sorted(set(entry) - _KEYS)
    ]
    for key in ("source_date", "effective", "expiry"):
        value = entry.get(key)
        if (value is not None or key == "source_date") and type(value) is not date:
            found.append((key, "This is not a date.", "Write it as 2026-03-01, without quotes."))
    if isinstance(entry.get("kind"), str) and entry["kind"] not in list(PayerRuleKind):
        found.append(("kind", "No such kind.", f"Give one of: {', '.join(PayerRuleKind)}."))
    if not isinstance(entry.get("data", {}), dict):
        found.append(("data", "This is not a table.", "Write { key = value }."))
    return found


def _rule(entry: Mapping[str, Any]) -> PayerRule:
    return PayerRule(
        id=entry["name"],
        payer_id=entry["payer_id"],
        kind=PayerRuleKind(entry["kind"]),
        data=entry.get("data", {}),
        source=entry["source"],
        source_date=entry["source_date"],
        plan=entry.get("plan"),
        effective=entry.get("effective"),
        expiry=entry.get("expiry"),
    )
