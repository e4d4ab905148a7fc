"""Machines."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """The app of models, judges and runs."""

    name = "training"
