"""The database of the settings, as backups see it."""

from pathlib import Path

from django.db import connection

from cosa_web.backup.postgresql import Postgresql
from cosa_web.backup.sqlite import Sqlite

Database = Postgresql | Sqlite
LEFT_OUT = ("context", "cursor_factory", "prepare_threshold", "pool", "options")
"""What of Django's way to connect is for requests: a limit on how long a statement takes would end a backup."""


def here() -> Database:
    """The database that the application works with."""
    if connection.vendor == "sqlite":
        return Sqlite(Path(connection.settings_dict["NAME"]))
    params = connection.get_connection_params()
    return Postgresql({name: value for name, value in params.items() if name not in LEFT_OUT})
