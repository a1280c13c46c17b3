"""What a person picked is written where it belongs, and only if the profile still can be used."""

from __future__ import annotations

import tomllib

import pytest

from portal_profiles.recording import Named, write_named
from portal_profiles.schema import ProfileError
from portal_profiles.toml_edit import EditRefused
from tests.portal_profiles.example import FILE

TEXT = FILE.read_text(encoding="utf-8")


def test_a_field_that_moved_keeps_what_else_the_profile_says_of_it() -> None:
    new = write_named(TEXT, Named("detail", "determination", {"beside": "Decision status"}), FILE)
    fields = tomllib.loads(new)["pages"]["detail"]["fields"]
    assert fields["determination"] == {"beside": "Decision status", "required": True}


def test_a_new_page_begins_with_its_sign() -> None:
    sign = Named("appeal", "sign", {"role": "heading", "name": "Appeal"})
    new = write_named(TEXT, sign, FILE)
    new = write_named(new, Named("appeal", "member_id", {"beside": "Member"}), FILE)
    new = write_named(
        new, Named("appeal", "lines.quantity", {"column": "Units"}, row={"css": "table tr"}), FILE
    )
    new = write_named(new, Named("appeal", "lines.unit", {"column": "Per"}), FILE)
    assert new.startswith(TEXT)
    page = tomllib.loads(new)["pages"]["appeal"]
    assert page["sign"] == [{"role": "heading", "name": "Appeal"}]
    assert page["fields"] == {"member_id": {"beside": "Member"}}
    assert page["rows"]["lines"]["cells"] == {"quantity": {"column": "Units"}, "unit": {"column": "Per"}}


def test_a_field_of_a_page_without_a_sign_is_refused() -> None:
    with pytest.raises(EditRefused, match="first pick a sign"):
        write_named(TEXT, Named("appeal", "member_id", {"beside": "Member"}), FILE)


def test_rows_of_no_table_are_refused() -> None:
    with pytest.raises(EditRefused, match="no table"):
        write_named(TEXT, Named("detail", "others.unit", {"beside": "Member"}), FILE)


def test_what_would_make_the_profile_mistaken_is_refused() -> None:
    with pytest.raises(ProfileError, match="a date needs its format"):
        write_named(TEXT, Named("confirmation", "birth_date", {"beside": "Born"}), FILE)
