"""The schema for editors says what `validate` says, as far as a schema can."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from portal_profiles import catalogue
from portal_profiles.json_schema import json_schema
from portal_profiles.schema import LOCATOR_WAYS, MEANINGS, ProfileTable
from tests.portal_profiles.example import example, mistakes
from tests.portal_profiles.json_schema_rules import violations

SCHEMA = json_schema()


def found(data: dict[str, Any]) -> list[str]:
    return list(violations(data, SCHEMA, SCHEMA))


@pytest.mark.parametrize("slug", catalogue.slugs({}))
def test_every_profile_of_the_catalogue_fits_it(slug: str) -> None:
    file = catalogue.load(slug, {}).folder / catalogue.FILE_NAME
    assert found(tomllib.loads(file.read_text(encoding="utf-8"))) == []


def test_it_is_json_and_every_reference_leads_somewhere() -> None:
    text = json.dumps(SCHEMA)
    used = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert used <= set(SCHEMA["$defs"])


def test_it_knows_every_key_of_the_profile() -> None:
    declared = {field.data_key or name for name, field in ProfileTable().fields.items()}
    assert set(SCHEMA["$defs"]["ProfileTable"]["properties"]) == declared
    assert set(SCHEMA["$defs"]["WordsTable"]["properties"]) == set(MEANINGS)


def change(path: list[str | int], value: object) -> dict[str, Any]:
    data = example()
    at: Any = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["sulg"], "x", ".sulg"),
        (["pages", "home", "kind"], "hone", ".pages.home.kind"),
        (["pages", "home", "sign"], [], ".pages.home.sign"),
        (["pages", "home", "sign"], [{"label": "A", "css": "b"}], ".pages.home.sign[0]"),
        (["pages", "detail", "fields", "plan"], {"name": "Plan"}, ".pages.detail.fields.plan"),
        (["pages", "detail", "fields", "plan"], {"beside": "P", "x": 1}, ".pages.detail.fields.plan.x"),
        (["search", 0, "steps"], [{"do": "fill", "label": "A"}], ".search[0].steps[0].value"),
        (["search", 0, "steps"], [{"do": "goto", "path": "/x", "css": "a"}], ".search[0].steps[0]"),
        (["words", "determination"], {"Approved": "aproved"}, ".words.determination.Approved"),
        (["words", "place_of_service"], {"Office": "eleven"}, ".words.place_of_service.Office"),
        (["pace", "attempts"], 0, ".pace.attempts"),
        (["fictional"], "yes", ".fictional"),
    ],
)  # fmt: skip
def test_an_editor_is_told_what_validate_would_say(path: list[str | int], value: object, where: str) -> None:
    data = change(path, value)
    assert mistakes(data)
    assert any(said.startswith(where) for said in found(data))


@pytest.mark.parametrize("way", LOCATOR_WAYS)
def test_a_locator_of_one_way_fits(way: str) -> None:
    assert found(change(["pages", "home", "sign"], [{way: "x"}])) == []
