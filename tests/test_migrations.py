"""New migrations let the older code work on, or say in a line why not."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.db import migrations, models

from annotations.index_beside import AddIndexBeside

ROOT = Path(__file__).parent.parent
FIRST = {"annotations": 10, "training": 12}
SAID = re.compile(r"^# (Without a stop|Needs a stop): \S.{20,}$", re.MULTILINE)
LARGE = {
    *("response", "prompt", "assignment", "rating", "auditevent", "textvector"),
    *("runitem", "call", "judgement", "traffic", "trainingpoint", "promptlabel", "synthesisedconfig", "cluster"),
}
ALWAYS = (
    migrations.RenameField,
    migrations.RenameModel,
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.AlterField,
    migrations.AlterModelTable,
    migrations.RemoveConstraint,
    migrations.RunPython,
    migrations.RunSQL,
)
ON_LARGE = (
    migrations.AddIndex,
    migrations.AddConstraint,
    migrations.AlterUniqueTogether,
    migrations.AlterIndexTogether,
)


def new_files() -> list[Path]:
    """The migrations from which on the rules hold."""
    found = (path for app in FIRST for path in sorted((ROOT / app / "migrations").glob("[0-9]*.py")))
    return [path for path in found if int(path.name[:4]) >= FIRST[path.parts[-3]]]


def risky(operations: list[migrations.operations.base.Operation]) -> list[str]:
    """What of these operations keeps others waiting or breaks older code, in words."""
    found = []
    made = {one.name.lower() for one in operations if isinstance(one, migrations.CreateModel)}
    for one in operations:
        table = str(getattr(one, "model_name", "")).lower()
        if table in made and table:
            continue
        waits = isinstance(one, ON_LARGE) and not isinstance(one, AddIndexBeside)
        if isinstance(one, ALWAYS) or (waits and table in LARGE):
            found.append(one.describe())
        elif isinstance(one, migrations.AddField) and not _filled(one.field):
            found.append(f"{one.describe()}, which the older code does not fill")
        elif isinstance(one, migrations.AddField) and table in LARGE and (one.field.db_index or one.field.unique):
            found.append(f"{one.describe()}, with an index")
        elif isinstance(one, migrations.SeparateDatabaseAndState):
            found += risky(one.database_operations)
    return found


def _filled(field: models.Field) -> bool:
    """True when a row can be inserted without the column."""
    return field.null or field.many_to_many or field.has_db_default()


@pytest.mark.parametrize("path", new_files(), ids=lambda path: f"{path.parts[-3]}.{path.stem}")
def test_a_new_migration_lets_the_older_code_work_on_or_says_why_not(path: Path) -> None:
    module = import_module(f"{path.parts[-3]}.migrations.{path.stem}")
    assert risky(module.Migration.operations) == [] or SAID.search(path.read_text(encoding="utf-8"))


TEXT, CHECK = models.TextField, models.CheckConstraint(condition=models.Q(pk__gt=0), name="some")


@pytest.mark.parametrize(
    ("operation", "flagged"),
    [
        (migrations.RenameField("prompt", "text", "words"), True),
        (migrations.RemoveField("draft", "values"), True),
        (migrations.AlterField("draft", "values", TEXT()), True),
        (migrations.AddField("draft", "more", TEXT(default="")), True),
        (migrations.AddField("draft", "more", TEXT(db_default="")), False),
        (migrations.AddField("draft", "more", TEXT(null=True)), False),
        (migrations.AddField("call", "more", TEXT(null=True, db_index=True)), True),
        (migrations.AddIndex("judgement", models.Index(fields=["judge"], name="some")), True),
        (AddIndexBeside("judgement", models.Index(fields=["judge"], name="some")), False),
        (migrations.AddIndex("draft", models.Index(fields=["rater"], name="some")), False),
        (migrations.AddConstraint("call", CHECK), True),
        (migrations.RunPython(migrations.RunPython.noop), True),
        (migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("SELECT 1")]), True),
    ],
)
def test_what_is_risky_is_found(operation: migrations.operations.base.Operation, flagged: bool) -> None:
    assert bool(risky([operation])) == flagged


def test_a_table_that_is_new_may_have_anything() -> None:
    new = migrations.CreateModel("Call", [("id", models.BigAutoField(primary_key=True))])
    assert risky([new, migrations.AddField("call", "more", TEXT()), migrations.AddConstraint("call", CHECK)]) == []


def test_the_large_tables_are_tables() -> None:
    from django.apps import apps

    there = {one._meta.model_name for app in FIRST for one in apps.get_app_config(app).get_models()}
    assert there >= LARGE


def test_a_stop_is_asked_for_in_the_changelog_too() -> None:
    asks = [path for path in new_files() if "# Needs a stop:" in path.read_text(encoding="utf-8")]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [path.stem for path in asks if f"{path.parts[-3]}.{path.stem[:4]}" not in changelog] == []
