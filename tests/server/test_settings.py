from pathlib import Path

import pytest

from server.errors import Problem
from server.settings import Settings, machine_time_zone


def test_without_any_variable_the_data_lies_in_the_users_own_folder() -> None:
    settings = Settings.load({"HOME": "/home/noor"})
    assert settings.data_dir == Path("/home/noor/.local/share/tallystick")
    assert settings.config_dir == Path("/home/noor/.config/tallystick")
    assert settings.port == 8750
    assert not settings.is_postgresql


def test_the_key_lies_beside_a_data_folder_that_was_set_not_in_it(tmp_path: Path) -> None:
    settings = Settings.load({"TALLYSTICK_DATA": str(tmp_path / "data")})
    assert settings.key_file == tmp_path / "data-config" / "key"
    assert settings.data_dir not in settings.key_file.parents


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(Problem) as raised:
        Settings.load(
            {
                "TALLYSTICK_PORT": "70000",
                "TALLYSTICK_TIME_ZONE": "Mars/Olympus",
                "TALLYSTICK_DATABASE_URL": "mysql://x",
                "TALLYSTICK_KEY_STORE": "drawer",
            }
        )
    assert [problem.field for problem in raised.value.fields] == [
        "TALLYSTICK_PORT",
        "TALLYSTICK_TIME_ZONE",
        "TALLYSTICK_DATABASE_URL",
        "TALLYSTICK_KEY_STORE",
    ]


def test_neither_key_nor_database_password_is_shown_by_the_settings() -> None:
    settings = Settings.load(
        {"TALLYSTICK_KEY": "ab" * 32, "TALLYSTICK_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1/t"}
    )
    assert "abab" not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_the_machines_time_zone_is_read_from_where_localtime_points(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "America" / "Denver"
    zone.parent.mkdir(parents=True)
    zone.touch()
    (tmp_path / "localtime").symlink_to(zone)
    assert machine_time_zone(tmp_path / "localtime") == "America/Denver"
    assert machine_time_zone(tmp_path / "missing") == "UTC"
