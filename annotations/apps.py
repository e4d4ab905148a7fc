"""People and data."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AnnotationsConfig(AppConfig):
    """The app of people, configs, benchmarks and responses."""

    name = "annotations"

    def ready(self) -> None:
        """After every migrate: the database's own guards stand, and its risk categories equal the data file."""
        from annotations.services.guards import keep_guards
        from annotations.services.taxonomy import keep_categories

        post_migrate.connect(keep_guards, sender=self)
        post_migrate.connect(keep_categories, sender=self)
