from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Problem
from server.security.keys import DataKey, KeyPlace
from server.security.secrets import Vault

VAULT = Vault(DataKey(b"k" * 32, KeyPlace.ENVIRONMENT), Path("evidence"))
SEALED = VAULT.seal("portal account/1", b"the clear text")


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_was_sealed_opens_again(clear: bytes, purpose: str) -> None:
    assert VAULT.unseal(purpose, VAULT.seal(purpose, clear)) == clear


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= change
    with pytest.raises(Problem) as raised:
        VAULT.unseal("portal account/1", bytes(changed))
    assert raised.value.code == "sealed_unreadable"


@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_off_value_does_not_open(length: int) -> None:
    with pytest.raises(Problem):
        VAULT.unseal("portal account/1", SEALED[:length])


def test_a_value_in_anothers_place_does_not_open() -> None:
    with pytest.raises(Problem):
        VAULT.unseal("portal account/2", SEALED)


def test_another_key_does_not_open_it() -> None:
    other = Vault(DataKey(b"o" * 32, KeyPlace.ENVIRONMENT), Path("evidence"))
    with pytest.raises(Problem):
        other.unseal("portal account/1", SEALED)


def test_the_same_text_is_sealed_differently_each_time_and_never_in_the_clear() -> None:
    assert VAULT.seal("a", b"the clear text") != VAULT.seal("a", b"the clear text")
    assert b"clear" not in SEALED
