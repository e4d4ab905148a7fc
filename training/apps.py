"""Machines."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrainingConfig(AppConfig):
    """The app of models, judges and runs."""

    name = "training"

    def ready(self) -> None:
        """After every migrate the database's own guards stand."""
        from training.services.guards import keep_guards

        post_migrate.connect(keep_guards, sender=self)
