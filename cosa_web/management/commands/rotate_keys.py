"""Encrypt every key that the database keeps with the first key of COSA_FERNET_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.services import model_keys


class Command(BaseCommand):
    """Says how many keys it encrypted, and fails by the names of the models whose key nothing opens."""

    help = "Encrypt the kept keys of models with the first key of COSA_FERNET_KEYS. Others may work meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done, left = model_keys.rotate()
        except model_keys.NoKeys as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{done} key{'' if done == 1 else 's'} of models encrypted with the first key.")
        if left:
            raise CommandError(
                f"No key of COSA_FERNET_KEYS opens what is kept for: {', '.join(left)}. It was left as it is; put the "
                "old key back and run this again, or enter the key in the model's form."
            )
