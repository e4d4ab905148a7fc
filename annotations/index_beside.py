"""An index for a table of millions of rows, built while people and workers go on writing to it."""

from typing import Any

from django.db import NotSupportedError, migrations


class AddIndexBeside(migrations.AddIndex):
    """Adds an index that nobody waits for: concurrently on PostgreSQL, as usual on SQLite, which has one writer anyway.

    Its migration needs `atomic = False`. What an attempt that was cut left behind is made again.
    """

    atomic = False

    def describe(self) -> str:
        """The change in words."""
        return f"{super().describe()}, beside the work"

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Builds the index. Raises NotSupportedError inside a transaction of PostgreSQL."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor != "postgresql":
            schema_editor.add_index(model, self.index)
            return
        if schema_editor.connection.in_atomic_block:
            raise NotSupportedError(f"The migration with {self.index.name} needs atomic = False.")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Removes the index, concurrently where it was built so."""
        model = from_state.apps.get_model(app_label, self.model_name)
        beside = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, **beside)
