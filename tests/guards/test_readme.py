"""The README names every command, table, column and setting: what it does not tell does not exist for a user."""

from __future__ import annotations

from pathlib import Path

from linkage.cli.main import app
from linkage.config.agreements import Agency, Agreement, AgreementsFile, Share, Terms
from linkage.config.project import Approval, Audience, EngineLimits, Fusion, Project, PublishTo
from linkage.config.source import Case, CsvReading, Marking, PostgresqlReading, Source
from linkage.tables import PUBLISHED

PATH = Path(__file__).resolve().parents[2] / "README.md"
README = PATH.read_text(encoding="utf-8")


def test_every_command_is_told():
    """Each command of the command line stands in the README, those of groups with the group's name."""
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    names += [
        f"{group.name} {command.name}"
        for group in app.registered_groups
        for command in group.typer_instance.registered_commands
    ]
    assert "review sample" in names
    assert [name for name in names if f"linkage {name}" not in README] == []


def test_every_published_column_is_told():
    """Each published table and column stands in the data dictionary with its type and meaning."""
    missing = [
        f"{table.name}.{column.name}"
        for table in PUBLISHED
        for column in table.columns
        if f"| `{column.name}` | {column.type} | {column.meaning} |" not in README or f"### {table.name}" not in README
    ]
    assert missing == []


def test_every_setting_is_told():
    """Each key of the project file stands in the README."""
    names = {
        name
        for kind in (
            Project,
            EngineLimits,
            Approval,
            Audience,
            Fusion,
            PublishTo,
            Source,
            Case,
            Marking,
            CsvReading,
            PostgresqlReading,
        )
        for name in kind.model_fields
    }
    assert (
        sorted(
            name
            for name in names
            if f"`{name}`" not in README and f".{name}" not in README and f"[{name}" not in README
        )
        == []
    )


def test_every_key_of_agreements_is_told():
    """Each key of an agreements file stands in the example of the README."""
    told = [
        field.alias or name
        for kind in (Agency, Agreement, AgreementsFile, Share, Terms)
        for name, field in kind.model_fields.items()
    ]
    assert [name for name in told if f"{name} = " not in README and f"[{name}" not in README] == []
