"""Every rule file is held to its own examples."""

from __future__ import annotations

import types

import pytest

from server.matching import rules
from server.matching.comparison import Asked, Comparison
from server.matching.engine import evaluate
from server.matching.finding import Verdict
from server.matching.rule import Answer, Difference, Example, Rule
from server.matching.search import Search

_CASES = [
    pytest.param(rule, looks_at, example, id=f"{rule.name}: {example.shows}")
    for module in rules.modules()
    for rule, looks_at in [rules.rule_of(module)]
    for example in module.EXAMPLES
]


def _answer(rule: Rule, looks_at: type, example: Example, monkeypatch: pytest.MonkeyPatch) -> Answer:
    if looks_at is Comparison:
        return rule.answer(Comparison(Asked(example.service), example.authorizations[0], example.policy))
    seen: list[Search] = []

    def look(search: Search) -> Answer:
        seen.append(search)
        return None

    spy = Rule(name="look", why="look", answer=look)
    monkeypatch.setattr("server.matching.engine.SEARCH_RULES", (spy,))
    evaluate(example.service, example.authorizations, example.policy)
    return rule.answer(seen[0])


@pytest.mark.parametrize(("rule", "looks_at", "example"), _CASES)
def test_each_example_is_answered_as_it_says(
    rule: Rule, looks_at: type, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _answer(rule, looks_at, example, monkeypatch)
    severity = answer.severity if isinstance(answer, Difference) else None
    assert severity is example.severity


@pytest.mark.parametrize("module", rules.modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_rule_file_shows_when_it_fires_and_when_it_does_not(module: types.ModuleType) -> None:
    fires = [example for example in module.EXAMPLES if example.severity is not None]
    silent = [example for example in module.EXAMPLES if example.severity is None]
    assert fires, "an example that fires is missing"
    assert silent, "an example that does not fire is missing"


def test_no_rule_shows_a_patients_identifier_in_words() -> None:
    for module in rules.modules():
        for example in module.EXAMPLES:
            result = evaluate(example.service, example.authorizations, example.policy)
            said = " ".join(
                f"{f.message} {f.next_step} {f.why} {f.approved} {f.entered}" for f in result.findings
            )
            patients = [example.service.patient, *(a.patient for a in example.authorizations)]
            for patient in patients:
                for value in (patient.member_id, patient.last_name, patient.first_name, patient.birth_date):
                    assert value is None or str(value) not in said


def test_every_folder_entry_is_loaded_once() -> None:
    names = [rule.name for rule in (*rules.COMPARISON_RULES, *rules.SEARCH_RULES)]
    assert sorted(names) == sorted(module.__name__.rpartition(".")[2] for module in rules.modules())
    assert len(names) == len(set(names))
    assert "procedure_not_approved" in names


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "needs a function"),
        ("def made_up(comparison: Comparison) -> None: ...", "needs a docstring"),
        ('def made_up(service: int) -> None:\n    """Why."""', "takes one argument"),
        ('def made_up(a: Comparison, b: Comparison) -> None:\n    """Why."""', "takes one argument"),
    ],
)
def test_a_rule_file_that_lacks_something_is_refused_by_name(source: str, complaint: str) -> None:
    module = types.ModuleType("server.matching.rules.made_up")
    module.__dict__["Comparison"] = Comparison
    exec(source, module.__dict__)
    with pytest.raises(TypeError, match=rf"rule file made_up\.py.*{complaint}"):
        rules.rule_of(module)


def test_a_finding_carries_the_rules_docstring_as_its_reason() -> None:
    module = next(m for m in rules.modules() if m.__name__.endswith(".payer_differs"))
    example = module.EXAMPLES[0]
    result = evaluate(example.service, example.authorizations, example.policy)
    finding = next(f for f in result.findings if f.rule == "payer_differs")
    assert result.verdict is Verdict.MISMATCH
    assert finding.why.startswith("An approval binds the payer that gave it")
    assert "\n" not in finding.why
