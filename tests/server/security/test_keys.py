from dataclasses import replace
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from server.errors import Problem
from server.security.keys import DataKey, KeyPlace, find_key, keyring_works, make_key
from server.settings import Settings


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that works, for this process only."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring that is there but does not open."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked


@pytest.fixture
def unset(settings: Settings) -> Settings:
    """Settings without a key."""
    return replace(settings, key_text="")


def use(monkeypatch: pytest.MonkeyPatch, backend: keyring.backend.KeyringBackend) -> None:
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setattr(keyring, "set_password", backend.set_password)
    monkeypatch.setattr(keyring, "delete_password", backend.delete_password)


def test_a_first_start_puts_the_key_into_a_keyring_that_works(
    unset: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, MemoryKeyring())
    made = make_key(unset)
    assert made.place is KeyPlace.KEYRING
    assert find_key(unset) == made
    assert not unset.key_file.exists()


def test_without_a_working_keyring_the_key_lies_in_a_file_that_only_its_owner_reads(
    unset: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LockedKeyring())
    assert not keyring_works()
    made = make_key(unset)
    assert made.place is KeyPlace.FILE
    assert unset.key_file.stat().st_mode & 0o777 == 0o600
    assert find_key(unset) == made


def test_a_keyring_that_forgets_does_not_count_as_working(monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = MemoryKeyring()
    monkeypatch.setattr(forgetful, "get_password", lambda service, username: None)
    use(monkeypatch, forgetful)
    assert not keyring_works()


def test_a_key_file_that_others_may_read_is_refused_with_the_remedy(unset: Settings) -> None:
    make_key(replace(unset, key_store="file"))
    unset.key_file.chmod(0o640)
    with pytest.raises(Problem) as raised:
        find_key(unset)
    assert raised.value.code == "key_file_open"
    assert "chmod 600" in raised.value.message


def test_a_keyring_that_was_asked_for_and_does_not_work_is_said(
    unset: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LockedKeyring())
    with pytest.raises(Problem, match="No keyring works"):
        make_key(replace(unset, key_store="keyring"))


@pytest.mark.parametrize("text", ["short", "zz" * 32, "ab" * 31])
def test_what_is_not_a_key_is_refused_without_being_repeated(settings: Settings, text: str) -> None:
    with pytest.raises(Problem) as raised:
        find_key(replace(settings, key_text=text))
    assert raised.value.code == "key_malformed"
    assert text not in raised.value.message


def test_a_second_start_at_the_same_time_makes_no_second_key(unset: Settings) -> None:
    made = make_key(replace(unset, key_store="file"))
    with pytest.raises(Problem, match="Another start"):
        make_key(replace(unset, key_store="file"))
    assert find_key(unset) == made


def test_the_key_is_never_shown_and_each_purpose_has_its_own() -> None:
    key = DataKey(b"k" * 32, KeyPlace.FILE)
    assert "kkk" not in repr(key)
    assert key.derive("database") == key.derive("database")
    assert len({key.derive("database"), key.derive("secrets"), key.secret}) == 3


def test_the_key_file_lies_outside_the_data_folder(unset: Settings) -> None:
    assert Path(unset.data_dir) not in unset.key_file.parents
