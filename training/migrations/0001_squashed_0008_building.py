import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("training", "0001_initial"),
        ("training", "0002_review_and_floor"),
        ("training", "0003_benchmarks_and_releases"),
        ("training", "0004_evaluation"),
        ("training", "0005_count_calls"),
        ("training", "0006_trials"),
        ("training", "0007_run_positions"),
        ("training", "0008_building"),
    ]

    initial = True

    dependencies = [
        ("annotations", "0001_squashed_0006_training_data"),
    ]

    operations = [
        migrations.CreateModel(
            name="CapabilityRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.organisation"
                    ),
                ),
                ("state", models.CharField(default="queued", max_length=20)),
                ("reason", models.TextField(blank=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="capability_runs",
                        to="annotations.languagemodel",
                    ),
                ),
                ("tasks", models.JSONField(default=list)),
                ("limit", models.PositiveIntegerField(null=True)),
                ("settings", models.JSONField(default=dict)),
                ("results", models.JSONField(default=dict)),
                ("log", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="capabilityrun_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="capabilityrun_failed_says_why",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Judge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64)),
                ("label", models.CharField(max_length=200)),
                ("source", models.TextField()),
                (
                    "model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judges",
                        to="annotations.languagemodel",
                    ),
                ),
                ("heuristic", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("model__isnull", False)),
                        fields=("name", "digest", "model"),
                        name="judge_once_per_model",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("model", None)), fields=("name", "digest"), name="judge_once_without_model"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PromptMap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.organisation"
                    ),
                ),
                ("state", models.CharField(default="queued", max_length=20)),
                ("reason", models.TextField(blank=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="maps", to="annotations.benchmark"
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="maps",
                        to="annotations.taxonomy",
                    ),
                ),
                (
                    "embedder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.languagemodel",
                    ),
                ),
                ("settings", models.JSONField(default=dict)),
                ("figures", models.JSONField(default=dict)),
                ("points", models.BinaryField(default=bytes)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="promptmap_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="promptmap_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "finished"), _negated=True), ("total__gte", 1), _connector="OR"
                        ),
                        name="promptmap_finished_has_points",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Recipe",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recipes",
                        to="annotations.organisation",
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("about", models.TextField(blank=True)),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recipes", to="annotations.benchmark"
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recipes",
                        to="annotations.taxonomyversion",
                    ),
                ),
                ("settings", models.JSONField(default=dict)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Cluster",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "map",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="clusters", to="training.promptmap"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("members", models.JSONField(default=list)),
                ("size", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("definition", models.TextField(blank=True)),
                ("proposal", models.JSONField(blank=True, default=dict)),
                (
                    "into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="training.cluster",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="training.cluster",
                    ),
                ),
                ("reason", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["map", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("map", "number"), name="cluster_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("open", "kept", "rejected", "merged", "split"))),
                        name="cluster_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "kept"), _negated=True),
                            models.Q(
                                models.Q(("name", ""), _negated=True), models.Q(("definition", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="cluster_kept_has_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "merged"), _negated=True), ("into__isnull", False), _connector="OR"
                        ),
                        name="cluster_merged_into_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "rejected"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="cluster_rejected_says_why",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="JudgeTrial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.organisation"
                    ),
                ),
                ("state", models.CharField(default="queued", max_length=20)),
                ("reason", models.TextField(blank=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "judge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="trials", to="training.judge"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("results", models.JSONField(default=list)),
                ("tokens", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="judgetrial_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="judgetrial_failed_says_why",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Stage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.organisation"
                    ),
                ),
                ("state", models.CharField(default="queued", max_length=20)),
                ("reason", models.TextField(blank=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "recipe",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stages", to="training.recipe"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                (
                    "after",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="next", to="training.stage"
                    ),
                ),
                ("goal", models.CharField(max_length=20)),
                ("automatic", models.BooleanField(default=False)),
                ("settings", models.JSONField(default=dict)),
                (
                    "taxonomy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.taxonomyversion",
                    ),
                ),
                ("figures", models.JSONField(default=dict)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "preference_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stages",
                        to="annotations.preferenceset",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="stage_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="stage_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("label", "synthesise", "generate", "read", "pair", "freeze"))),
                        name="stage_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("goal__in", ("label", "synthesise", "generate", "read", "pair", "freeze"))),
                        name="stage_goal_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("after", None), ("kind", "label")),
                            models.Q(models.Q(("kind", "label"), _negated=True), ("after__isnull", False)),
                            _connector="OR",
                        ),
                        name="stage_comes_after_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("automatic", True)), fields=("after",), name="stage_follows_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "pair"), ("state", "finished"), _negated=True),
                            models.Q(("sha256", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="stage_finished_pairs_have_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "freeze"), ("state", "finished"), _negated=True),
                            ("preference_set__isnull", False),
                            _connector="OR",
                        ),
                        name="stage_finished_freeze_has_set",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="EvaluationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="annotations.organisation"
                    ),
                ),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="annotations.benchmark"
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="annotations.benchmarkrelease",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="test_runs",
                        to="annotations.configversion",
                    ),
                ),
                (
                    "floor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="annotations.floorversion",
                    ),
                ),
                ("purpose", models.CharField(default="evaluate", max_length=10)),
                (
                    "stage",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="training.stage"
                    ),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="annotations.candidate",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="derived",
                        to="training.evaluationrun",
                    ),
                ),
                ("strategy_digest", models.CharField(blank=True, max_length=64)),
                ("samples", models.PositiveSmallIntegerField(default=1)),
                ("use_cache", models.BooleanField(default=True)),
                ("budget_tokens", models.PositiveBigIntegerField(null=True)),
                ("budget_micros", models.PositiveBigIntegerField(null=True)),
                ("calls", models.PositiveBigIntegerField(default=0)),
                ("reused_calls", models.PositiveBigIntegerField(default=0)),
                ("unpriced_calls", models.PositiveBigIntegerField(default=0)),
                ("spent_tokens", models.PositiveBigIntegerField(default=0)),
                ("spent_micros", models.PositiveBigIntegerField(default=0)),
                ("figures", models.JSONField(null=True)),
                ("state", models.CharField(default="queued", max_length=20)),
                ("reason", models.TextField(blank=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("judges", models.ManyToManyField(related_name="runs", to="training.judge")),
            ],
            options={
                "ordering": ["-pk"],
                "default_manager_name": "objects",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("candidate__isnull", False), ("purpose", "evaluate"), ("stage", None)),
                            models.Q(("purpose", "build"), ("stage__isnull", False)),
                            _connector="OR",
                        ),
                        name="evaluationrun_builds_in_a_stage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("queued", "running", "paused", "finished", "cancelled"))),
                        name="evaluationrun_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "finished"), _negated=True),
                            ("finished_at__isnull", False),
                            _connector="OR",
                        ),
                        name="evaluationrun_finished_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("samples__gte", 1)), name="evaluationrun_samples_from_one"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PromptLabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="labels", to="training.stage"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.prompt"
                    ),
                ),
                ("risks", models.JSONField(null=True)),
                ("split", models.CharField(blank=True, max_length=10)),
                ("dropped", models.CharField(blank=True, max_length=20)),
            ],
            options={
                "ordering": ["stage", "pk"],
                "indexes": [models.Index(fields=["stage", "split", "prompt"], name="promptlabel_kept")],
                "constraints": [
                    models.UniqueConstraint(fields=("stage", "prompt"), name="promptlabel_once_per_prompt"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("dropped", ""), ("risks__isnull", False), ("split__in", ("train", "dev"))),
                            models.Q(("split", ""), models.Q(("dropped", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="promptlabel_kept_or_dropped",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SynthesisedConfig",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="synthesised", to="training.stage"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.prompt"
                    ),
                ),
                ("source", models.PositiveSmallIntegerField(default=0)),
                ("mode", models.CharField(max_length=20)),
                ("number", models.PositiveSmallIntegerField(default=0)),
                ("allowed", models.JSONField(default=list)),
                ("template", models.CharField(max_length=100)),
                (
                    "system_prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.systemprompt"
                    ),
                ),
            ],
            options={
                "ordering": ["stage", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("stage", "prompt", "source", "mode", "number"), name="synthesisedconfig_once"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="leases", to="training.evaluationrun"
                    ),
                ),
                ("worker", models.CharField(max_length=200)),
                ("until", models.DateTimeField(db_index=True)),
                ("in_flight", models.PositiveIntegerField(default=0)),
                ("waiting", models.PositiveIntegerField(default=0)),
                ("next_try", models.FloatField(default=0)),
                ("trouble", models.TextField(blank=True)),
                ("reserved_tokens", models.PositiveBigIntegerField(default=0)),
                ("reserved_micros", models.PositiveBigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="RunDemonstrations",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="demonstrations",
                        to="training.evaluationrun",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.configversion"
                    ),
                ),
                ("rows", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "version"), name="rundemonstrations_once_per_version")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RunItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="training.evaluationrun"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotations.prompt"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.configversion",
                    ),
                ),
                (
                    "synthesised",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.synthesisedconfig",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("state", models.CharField(default="queued", max_length=10)),
                (
                    "lease",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="items",
                        to="training.lease",
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run_items",
                        to="annotations.response",
                    ),
                ),
                ("withheld", models.BooleanField(default=False)),
                ("helpfulness", models.FloatField(null=True)),
                ("follows_config", models.BooleanField(null=True)),
                ("heuristic", models.BooleanField(default=False)),
                ("error_kind", models.CharField(blank=True, max_length=20)),
                ("error", models.TextField(blank=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["run", "position"],
                "indexes": [
                    models.Index(fields=["run", "state", "position"], name="runitem_to_claim"),
                    models.Index(fields=["run", "finished_at"], name="runitem_rate"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("synthesised", None)),
                        fields=("run", "prompt"),
                        name="runitem_once_per_prompt",
                    ),
                    models.UniqueConstraint(fields=("run", "synthesised"), name="runitem_once_per_synthesised"),
                    models.CheckConstraint(
                        condition=models.Q(("version", None), ("synthesised", None), _connector="OR"),
                        name="runitem_under_one_config",
                    ),
                    models.UniqueConstraint(fields=("run", "position"), name="runitem_position_once"),
                    models.UniqueConstraint(fields=("run", "response"), name="runitem_response_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("queued", "done", "failed"))), name="runitem_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("response__isnull", False),
                            models.Q(("synthesised", None), ("version", None)),
                            _connector="OR",
                        ),
                        name="runitem_done_has_response",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("error", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="runitem_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("helpfulness", None),
                            models.Q(("helpfulness__gte", 0), ("helpfulness__lte", 1)),
                            _connector="OR",
                        ),
                        name="runitem_helpfulness_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withheld", False), models.Q(("follows_config", True), ("helpfulness", 0)), _connector="OR"
                        ),
                        name="runitem_withheld_is_a_refusal",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="calls", to="training.runitem"
                    ),
                ),
                (
                    "judge",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.judge"
                    ),
                ),
                ("step", models.PositiveSmallIntegerField(default=0)),
                ("sample", models.PositiveSmallIntegerField(default=0)),
                ("reused", models.BooleanField(default=False)),
                ("structured", models.BooleanField(null=True)),
                ("cost_micros", models.PositiveBigIntegerField(null=True)),
                ("key", models.CharField(db_index=True, max_length=64)),
                ("text", models.TextField(blank=True)),
                ("identity", models.CharField(blank=True, max_length=300)),
                ("finish", models.CharField(blank=True, max_length=50)),
                ("tokens_in", models.PositiveIntegerField(null=True)),
                ("tokens_out", models.PositiveIntegerField(null=True)),
                ("latency_ms", models.FloatField()),
                ("attempts", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Judgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="judgements", to="training.runitem"
                    ),
                ),
                (
                    "judge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="judgements", to="training.judge"
                    ),
                ),
                ("helpfulness", models.FloatField(null=True)),
                ("follows_config", models.BooleanField(null=True)),
                ("risks", models.JSONField(null=True)),
                ("addressed", models.BooleanField(null=True)),
                ("refusal", models.CharField(blank=True, max_length=20)),
                ("broken_rules", models.JSONField(default=list)),
                ("reasons", models.TextField(blank=True)),
                ("raw", models.TextField(blank=True)),
                ("samples", models.JSONField(default=list)),
                ("tokens", models.PositiveIntegerField(null=True)),
                ("milliseconds", models.FloatField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["item", "judge"],
                "constraints": [
                    models.UniqueConstraint(fields=("item", "judge"), name="judgement_once_per_judge"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("helpfulness", None),
                            models.Q(("helpfulness__gte", 0), ("helpfulness__lte", 1)),
                            _connector="OR",
                        ),
                        name="judgement_helpfulness_in_range",
                    ),
                ],
                "indexes": [],
            },
        ),
    ]
