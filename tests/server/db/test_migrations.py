import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from server.db.migrations import upgrade
from server.db.session import Database
from server.db.tables import Base
from server.errors import Problem
from server.settings import Settings


def test_the_migrated_schema_is_the_one_of_the_tables(either_database: Database) -> None:
    with either_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_table_is_made_from_empty(either_database: Database) -> None:
    assert set(Base.metadata.tables) <= set(inspect(either_database.engine).get_table_names())


def test_down_to_empty_and_up_again_gives_the_same(either_database: Database) -> None:
    with either_database._writing.connect() as connection, connection.begin():
        command.downgrade(upgrade.alembic_config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        upgrade.to_head(connection)
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_newest_file_is_alembics_head(database: Database) -> None:
    with database.engine.connect() as connection:
        script = ScriptDirectory.from_config(upgrade.alembic_config(connection))
        assert script.get_current_head() == upgrade.revisions()[-1]
        assert [revision.revision for revision in script.walk_revisions()] == list(
            reversed(upgrade.revisions())
        )


def test_a_database_of_a_newer_version_is_refused_and_left_alone(either_settings: Settings) -> None:
    database = Database.open(either_settings)
    with database._writing.connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    with pytest.raises(Problem) as raised:
        Database.open(either_settings)
    assert raised.value.code == "database_newer"
    assert "9999" in raised.value.message


def test_an_id_is_never_given_twice(database: Database) -> None:
    columns = "created_at, updated_at, type, determination, version, diagnoses, rendering_npis"
    values = "'2026-11-02', '2026-11-02', 'prior', 'approved', 1, '[]', '[]'"
    with database._writing.connect() as connection, connection.begin():
        connection.execute(text(f"INSERT INTO authorization_record (id, {columns}) VALUES (7, {values})"))
        connection.execute(text("DELETE FROM authorization_record"))
        connection.execute(text(f"INSERT INTO authorization_record ({columns}) VALUES ({values})"))
        assert connection.scalar(text("SELECT id FROM authorization_record")) == 8
