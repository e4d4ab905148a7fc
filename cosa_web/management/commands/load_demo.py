"""`manage.py load_demo`: the demo world, in a database that is marked as one."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotations.services import demo, demo_campaign, demo_pairs, demo_prompts, safety_suite
from training.services.demo import load_deployment, load_models, load_recipe


class Command(BaseCommand):
    """Load the demo's organisations, configs, prompts, people, models and a campaign; what is there already stays."""

    help = "Load the demo data. Needs COSA_DEMO=1, because its log-ins have a published password."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, or say why not."""
        if not settings.DEMO:
            raise CommandError("The demo's log-ins have a published password. Set COSA_DEMO=1 where that is harmless.")
        benchmark = demo.load()
        load_models()
        demo_campaign.load(benchmark)
        safety_suite.load_demo(benchmark.organisation)
        load_recipe(demo_prompts.load(benchmark.organisation))
        demo_pairs.load(benchmark.organisation)
        load_deployment(benchmark)
        self.stdout.write(f"Demo data: {benchmark.prompts.count()} prompts in “{benchmark}”.")
