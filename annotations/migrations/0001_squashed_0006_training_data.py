import annotations.models.benchmarks
import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("annotations", "0001_initial"),
        ("annotations", "0002_review_and_floor"),
        ("annotations", "0003_benchmarks_and_releases"),
        ("annotations", "0004_campaigns_and_ratings"),
        ("annotations", "0005_demonstrations_and_prices"),
        ("annotations", "0006_training_data"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="LanguageModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=200)),
                ("engine", models.CharField(max_length=50)),
                ("base_url", models.CharField(blank=True, max_length=500)),
                ("model", models.CharField(max_length=200)),
                ("key_variable", models.CharField(blank=True, max_length=100)),
                (
                    "max_concurrency",
                    models.PositiveIntegerField(default=8, validators=[django.core.validators.MinValueValidator(1)]),
                ),
                ("timeout", models.FloatField(default=60, validators=[django.core.validators.MinValueValidator(0.1)])),
                ("patience", models.FloatField(default=60, validators=[django.core.validators.MinValueValidator(0.1)])),
                (
                    "max_tokens",
                    models.PositiveIntegerField(default=512, validators=[django.core.validators.MinValueValidator(1)]),
                ),
                (
                    "context_tokens",
                    models.PositiveIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                (
                    "price_in",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        max_digits=10,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                (
                    "price_out",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        max_digits=10,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("plumbing", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_concurrency__gte", 1)), name="languagemodel_concurrency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("patience__gt", 0), ("timeout__gt", 0)), name="languagemodel_waits_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("key_variable", ""), ("key_variable__startswith", "COSA_KEY_"), _connector="OR"
                        ),
                        name="languagemodel_key_variable_prefix",
                        violation_error_message="The variable's name must start with COSA_KEY_.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("price_in", None), ("price_in__gte", 0), _connector="OR"),
                            models.Q(("price_out", None), ("price_out__gte", 0), _connector="OR"),
                        ),
                        name="languagemodel_prices_not_negative",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=200)),
                ("about", models.TextField(blank=True)),
                ("approvals_needed", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("approvals_needed__gte", 1), ("approvals_needed__lte", 2)),
                        name="organisation_one_or_two_approvals",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RiskCategory",
            fields=[
                ("slug", models.SlugField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("full_name", models.CharField(max_length=200)),
                ("definition", models.TextField()),
                ("can_be_allowed", models.BooleanField(default=True)),
                ("trained", models.BooleanField(default=False)),
                ("position", models.PositiveSmallIntegerField()),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("can_be_allowed", True), ("slug", "other"), _negated=True),
                        name="riskcategory_other_never_allowed",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SystemPrompt",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("text", models.TextField()),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="TextVector",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("model", models.CharField(max_length=100)),
                ("vector", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("digest", "model"), name="textvector_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
                "indexes": [],
                "constraints": [],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("action", models.CharField(max_length=50)),
                ("object_type", models.CharField(max_length=50)),
                ("object_id", models.BigIntegerField()),
                ("before", models.JSONField(blank=True, default=dict)),
                ("after", models.JSONField(blank=True, default=dict)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["object_type", "object_id"], name="auditevent_object"),
                    models.Index(fields=["at"], name="auditevent_at"),
                    models.Index(fields=["action"], name="auditevent_action"),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Benchmark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="benchmarks",
                        to="annotations.organisation",
                    ),
                ),
                ("slug", models.SlugField(unique=True)),
                ("title", models.CharField(max_length=300)),
                ("purpose", models.CharField(default="evaluation", max_length=20)),
                ("about", models.TextField(blank=True)),
                ("licence", models.CharField(blank=True, max_length=100)),
                ("targets", models.JSONField(blank=True, default=annotations.models.benchmarks.ten_of_each)),
                ("checks_needed", models.PositiveSmallIntegerField(default=2)),
                ("card", models.JSONField(blank=True, default=dict)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["title", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("checks_needed__gte", 1), ("checks_needed__lte", 9)),
                        name="benchmark_checks_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ("evaluation", "training"))), name="benchmark_purpose_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Candidate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="candidates",
                        to="annotations.languagemodel",
                    ),
                ),
                ("strategy", models.CharField(default="plain", max_length=50)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("temperature", models.FloatField(default=0)),
                ("top_p", models.FloatField(default=1)),
                ("max_tokens", models.PositiveIntegerField(default=512)),
                ("seed", models.IntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "strategy", "settings", "temperature", "top_p", "max_tokens", "seed"),
                        name="candidate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_tokens__gte", 1),
                            ("temperature__gte", 0),
                            ("temperature__lte", 2),
                            ("top_p__gt", 0),
                            ("top_p__lte", 1),
                        ),
                        name="candidate_sampling_in_range",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="FloorVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True)),
                ("state", models.CharField(default="draft", max_length=20)),
                ("text", models.TextField(blank=True)),
                ("note", models.TextField(blank=True)),
                ("digest", models.CharField(max_length=64)),
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("published_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("draft", "published"))), name="floorversion_state_known"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")), fields=("state",), name="floorversion_one_draft"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("published_at__isnull", False), ("state", "published")),
                            models.Q(models.Q(("state", "published"), _negated=True), ("published_at", None)),
                            _connector="OR",
                        ),
                        name="floorversion_published_has_time",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="annotations.organisation",
                    ),
                ),
                ("role", models.CharField(max_length=20)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "organisation", "role"), name="membership_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("expert", "reviewer", "annotator", "lead", "admin"))),
                        name="membership_role_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PreferenceSet",
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
                ("title", models.CharField(max_length=300)),
                ("origin", models.CharField(default="uploaded", max_length=20)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("about", models.TextField(blank=True)),
                ("licence", models.CharField(blank=True, max_length=100)),
                ("source", models.CharField(blank=True, max_length=300)),
                ("folder", models.CharField(blank=True, max_length=100)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("splits", models.JSONField(blank=True, default=dict)),
                ("figures", models.JSONField(blank=True, default=dict)),
                ("problems", models.JSONField(blank=True, default=list)),
                ("manifest", models.JSONField(blank=True, default=dict)),
                ("leaks", models.JSONField(blank=True, default=dict)),
                ("overruled_why", models.TextField(blank=True)),
                (
                    "overruled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("overruled_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="preferenceset_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="preferenceset_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "finished"), _negated=True),
                            models.Q(models.Q(("sha256", ""), _negated=True), ("rows__gte", 1)),
                            _connector="OR",
                        ),
                        name="preferenceset_finished_has_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("origin__in", ("uploaded", "people", "built"))),
                        name="preferenceset_origin_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("overruled_at", None), ("overruled_by", None), ("overruled_why", "")),
                            models.Q(
                                ("overruled_at__isnull", False),
                                ("overruled_by__isnull", False),
                                models.Q(("overruled_why", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="preferenceset_overruled_says_why",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RaterGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rater_groups",
                        to="annotations.organisation",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "members",
                    models.ManyToManyField(blank=True, related_name="rater_groups", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "name"), name="ratergroup_name_once"),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="ratergroup_has_name"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SafetyConfig",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="configs",
                        to="annotations.organisation",
                    ),
                ),
                ("slug", models.SlugField()),
                ("title", models.CharField(max_length=300)),
                ("use_case", models.TextField(blank=True)),
                ("audience", models.TextField(blank=True)),
                ("language", models.CharField(default="en", max_length=35)),
                ("last_rule", models.PositiveIntegerField(default=0)),
                ("categorical", models.BooleanField(default=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["title", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "slug"), name="safetyconfig_slug_in_organisation")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Taxonomy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taxonomies",
                        to="annotations.organisation",
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("about", models.TextField(blank=True)),
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
                "ordering": ["title", "pk"],
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaigns",
                        to="annotations.organisation",
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("about", models.TextField(blank=True)),
                ("state", models.CharField(default="draft", max_length=10)),
                ("seed", models.PositiveIntegerField(default=0)),
                ("ask_risks", models.BooleanField(default=False)),
                ("overlap", models.PositiveSmallIntegerField(default=2)),
                ("overlap_share", models.PositiveSmallIntegerField(default=100)),
                ("quota", models.PositiveIntegerField(blank=True, null=True)),
                ("lease_minutes", models.PositiveSmallIntegerField(default=15)),
                ("tagged_in_row", models.PositiveSmallIntegerField(blank=True, default=3, null=True)),
                ("session_cap", models.PositiveSmallIntegerField(blank=True, default=40, null=True)),
                ("day_cap", models.PositiveSmallIntegerField(blank=True, default=120, null=True)),
                ("break_minutes", models.PositiveSmallIntegerField(default=25)),
                ("support_contact", models.TextField(blank=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("groups", models.ManyToManyField(blank=True, related_name="campaigns", to="annotations.ratergroup")),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("draft", "open", "paused", "closed"))),
                        name="campaign_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("overlap__gte", 1), ("overlap__lte", 9)), name="campaign_overlap_in_range"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("overlap_share__gte", 1), ("overlap_share__lte", 100)),
                        name="campaign_overlap_share_is_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lease_minutes__gte", 1), ("lease_minutes__lte", 1440)),
                        name="campaign_lease_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("quota", None), ("quota__gte", 1), _connector="OR"),
                            models.Q(("tagged_in_row", None), ("tagged_in_row__gte", 1), _connector="OR"),
                            models.Q(("session_cap", None), ("session_cap__gte", 1), _connector="OR"),
                            models.Q(("day_cap", None), ("day_cap__gte", 1), _connector="OR"),
                            ("break_minutes__gte", 1),
                        ),
                        name="campaign_bounds_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "draft"), ("opened_at__isnull", False), _connector="OR"),
                        name="campaign_opened_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "closed"), _negated=True), ("closed_at__isnull", False), _connector="OR"
                        ),
                        name="campaign_closed_has_time",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ConfigVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "config",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="annotations.safetyconfig",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("state", models.CharField(default="draft", max_length=20)),
                ("policy", models.TextField()),
                ("rules", models.JSONField(blank=True, default=list)),
                ("allowed", models.JSONField(blank=True, default=list)),
                ("digest", models.CharField(db_index=True, max_length=64)),
                (
                    "base",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.configversion",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                ("note", models.TextField(blank=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("frozen_at", models.DateTimeField(blank=True, null=True)),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "authors",
                    models.ManyToManyField(blank=True, related_name="written_versions", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "ordering": ["config", "-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("config", "number"), name="configversion_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")),
                        fields=("config",),
                        name="configversion_one_draft_per_config",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "submitted")),
                        fields=("config",),
                        name="configversion_one_review_per_config",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ("draft", "submitted", "approved", "returned", "rejected", "retired", "set_aside"),
                            )
                        ),
                        name="configversion_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "draft"), ("submitted_at", None)),
                            ("state", "set_aside"),
                            models.Q(
                                models.Q(("state__in", ("draft", "set_aside")), _negated=True),
                                ("submitted_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="configversion_submitted_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="configversion_number_from_one"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Demonstration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "config",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="demonstrations",
                        to="annotations.safetyconfig",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("prompt", models.TextField()),
                ("response", models.TextField()),
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
                "ordering": ["config", "position", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("safe", "allowed", "partial", "disallowed"))),
                        name="demonstration_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("prompt", ""), _negated=True), models.Q(("response", ""), _negated=True)
                        ),
                        name="demonstration_not_empty",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PromptImport",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="imports", to="annotations.benchmark"
                    ),
                ),
                ("name", models.CharField(max_length=300)),
                ("folder", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("format", models.CharField(blank=True, max_length=50)),
                ("mapping", models.JSONField(blank=True, default=dict)),
                ("phase", models.CharField(default="check", max_length=10)),
                ("read", models.PositiveIntegerField(default=0)),
                ("good", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0)),
                ("twice", models.PositiveIntegerField(default=0)),
                ("bad", models.PositiveIntegerField(default=0)),
                ("added", models.PositiveIntegerField(default=0)),
                ("preview", models.JSONField(blank=True, default=list)),
                ("problems", models.JSONField(blank=True, default=list)),
                ("report", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="promptimport_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="promptimport_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("phase__in", ("check", "load"))), name="promptimport_phase_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SimilarityReport",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="similarity_reports",
                        to="annotations.benchmark",
                    ),
                ),
                ("way", models.CharField(default="letters", max_length=10)),
                ("wide", models.BooleanField(default=False)),
                ("at_least", models.FloatField(default=0.8)),
                ("compared", models.PositiveIntegerField(default=0)),
                ("found", models.PositiveIntegerField(default=0)),
                ("pairs", models.JSONField(blank=True, default=list)),
            ],
            options={
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "waiting", "finished", "failed", "cancelled"))
                        ),
                        name="similarityreport_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="similarityreport_failed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("way__in", ("letters", "meaning"))), name="similarityreport_way_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("at_least__gt", 0), ("at_least__lte", 1)),
                        name="similarityreport_threshold_in_range",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="TaxonomyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "taxonomy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="annotations.taxonomy"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("state", models.CharField(default="draft", max_length=20)),
                ("categories", models.JSONField(blank=True, default=list)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("note", models.TextField(blank=True)),
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
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("published_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["taxonomy", "-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("taxonomy", "number"), name="taxonomyversion_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")),
                        fields=("taxonomy",),
                        name="taxonomyversion_one_draft_per_taxonomy",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("draft", "published"))), name="taxonomyversion_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True),
                            models.Q(("published_at__isnull", False), models.Q(("digest", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="taxonomyversion_published_has_digest",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="taxonomyversion_number_from_one"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to="annotations.configversion",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replies",
                        to="annotations.comment",
                    ),
                ),
                ("anchor", models.CharField(blank=True, max_length=10)),
                ("quote", models.TextField(blank=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="comment_not_empty"),
                    models.CheckConstraint(
                        condition=models.Q(("resolved_at", None), ("resolved_by__isnull", False), _connector="OR"),
                        name="comment_resolved_by",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrolments",
                        to="annotations.campaign",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrolments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.ratergroup",
                    ),
                ),
                ("quota", models.PositiveIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("practised_at", models.DateTimeField(blank=True, null=True)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("declined", models.JSONField(blank=True, default=list)),
                ("folds", models.BooleanField(default=False)),
                ("handed", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("tagged_row", models.PositiveIntegerField(default=0)),
                ("tagged_session", models.PositiveIntegerField(default=0)),
                ("tagged_day", models.PositiveIntegerField(default=0)),
                ("tagged_all", models.PositiveIntegerField(default=0)),
                ("day", models.DateField(blank=True, null=True)),
                ("session_at", models.DateTimeField(blank=True, null=True)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("active_seconds", models.FloatField(default=0)),
            ],
            options={
                "ordering": ["campaign", "pk"],
                "constraints": [models.UniqueConstraint(fields=("campaign", "rater"), name="enrolment_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Guideline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="guidelines",
                        to="annotations.campaign",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("note", models.TextField(blank=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["campaign", "-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "number"), name="guideline_number_once"),
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="guideline_not_empty"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Prompt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="prompts", to="annotations.benchmark"
                    ),
                ),
                (
                    "config",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompts",
                        to="annotations.safetyconfig",
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "previous",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="next",
                        to="annotations.prompt",
                    ),
                ),
                ("text", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("kind", models.CharField(blank=True, max_length=10)),
                ("situation", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("risks", models.JSONField(blank=True, default=list)),
                ("rule", models.CharField(blank=True, max_length=10)),
                ("why", models.TextField(blank=True)),
                ("language", models.CharField(default="en", max_length=35)),
                ("source", models.CharField(blank=True, max_length=300)),
                ("extra", models.JSONField(blank=True, default=dict)),
                ("position", models.PositiveIntegerField()),
                (
                    "origin",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompts",
                        to="annotations.promptimport",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("pending", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["benchmark", "position"],
                "indexes": [
                    models.Index(fields=["uid"], name="prompt_uid"),
                    models.Index(fields=["digest"], name="prompt_digest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None)),
                        fields=("benchmark", "config", "digest"),
                        name="prompt_once_per_config",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None)),
                        fields=("benchmark", "position"),
                        name="prompt_position_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at", None)), fields=("uid",), name="prompt_one_current_wording"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("", "safe", "allowed", "partial", "disallowed"))),
                        name="prompt_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("situation", None), ("situation__in", (1, 2, 3)), _connector="OR"),
                        name="prompt_situation_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="prompt_not_empty"),
                    models.CheckConstraint(
                        condition=models.Q(("pending", False), ("archived_at__isnull", False), _connector="OR"),
                        name="prompt_pending_is_out",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="annotations.configversion",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("decision", models.CharField(max_length=10)),
                ("reasons", models.TextField(blank=True)),
                ("checklist", models.JSONField(blank=True, default=list)),
                ("evidence", models.JSONField(blank=True, default=list)),
                ("without_evidence", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "reviewer"), name="review_once_per_reviewer"),
                    models.CheckConstraint(
                        condition=models.Q(("decision__in", ("approve", "return", "reject"))),
                        name="review_decision_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decision", "approve"), models.Q(("reasons", ""), _negated=True), _connector="OR"
                        ),
                        name="review_return_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", "approve"), _negated=True),
                            models.Q(("evidence", []), _negated=True),
                            models.Q(("without_evidence", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="review_approval_has_evidence",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="BenchmarkRelease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="releases", to="annotations.benchmark"
                    ),
                ),
                ("major", models.PositiveSmallIntegerField()),
                ("minor", models.PositiveSmallIntegerField()),
                ("note", models.TextField(blank=True)),
                ("prompt_count", models.PositiveIntegerField()),
                ("validated_count", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("manifest", models.JSONField()),
                ("card", models.TextField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("prompts", models.ManyToManyField(related_name="releases", to="annotations.prompt")),
                ("versions", models.ManyToManyField(related_name="+", to="annotations.configversion")),
            ],
            options={
                "ordering": ["benchmark", "-major", "-minor"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("benchmark", "major", "minor"), name="benchmarkrelease_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("prompt_count__gte", 1)), name="benchmarkrelease_not_empty"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("validated_count__lte", models.F("prompt_count"))),
                        name="benchmarkrelease_validated_of_all",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PromptCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="annotations.prompt"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompt_checks",
                        to=settings.AUTH_USER_MODEL,
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
                ("kind", models.CharField(blank=True, max_length=10)),
                ("situation", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("prompt", "rater"),
                        name="promptcheck_once_per_rater",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("", "safe", "allowed", "partial", "disallowed"))),
                        name="promptcheck_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("situation", None), ("situation__in", (1, 2, 3)), _connector="OR"),
                        name="promptcheck_situation_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", ""), _negated=True),
                            models.Q(("note", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="promptcheck_unsure_says_why",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PromptRuling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rulings", to="annotations.prompt"
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("situation", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("reason", models.TextField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)), fields=("prompt",), name="promptruling_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("safe", "allowed", "partial", "disallowed"))),
                        name="promptruling_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("situation", None), ("situation__in", (1, 2, 3)), _connector="OR"),
                        name="promptruling_situation_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="promptruling_says_why"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Response",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="responses", to="annotations.prompt"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responses",
                        to="annotations.configversion",
                    ),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responses",
                        to="annotations.candidate",
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=200)),
                (
                    "system_prompt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.systemprompt",
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("seed", models.IntegerField(null=True)),
                ("identity", models.CharField(blank=True, max_length=300)),
                ("finish", models.CharField(blank=True, max_length=50)),
                ("tokens_in", models.PositiveIntegerField(null=True)),
                ("tokens_out", models.PositiveIntegerField(null=True)),
                ("latency_ms", models.FloatField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("version__isnull", False), ("system_prompt__isnull", False), _connector="OR"
                        ),
                        name="response_under_something",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RiskLabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="risk_labels", to="annotations.prompt"
                    ),
                ),
                (
                    "taxonomy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_labels",
                        to="annotations.taxonomyversion",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_labels",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("risks", models.JSONField(blank=True, default=list)),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("taxonomy__isnull", False), ("withdrawn_at", None)),
                        fields=("prompt", "taxonomy", "rater"),
                        name="risklabel_once_per_rater",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("taxonomy", None), ("withdrawn_at", None)),
                        fields=("prompt", "rater"),
                        name="risklabel_once_per_rater_built_in",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CampaignItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="annotations.campaign"
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaign_items",
                        to="annotations.response",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("needed", models.PositiveSmallIntegerField()),
                ("tags", models.CharField(blank=True, max_length=200)),
                ("gold_low", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("gold_high", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("gold_follows", models.BooleanField(blank=True, null=True)),
                ("gold_why", models.TextField(blank=True)),
                ("practice", models.BooleanField(default=False)),
                ("names_model", models.CharField(blank=True, max_length=200)),
                ("masked", models.BooleanField(default=False)),
                ("taken_out_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["campaign", "position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "response"), name="campaignitem_response_once"),
                    models.CheckConstraint(condition=models.Q(("needed__lte", 9)), name="campaignitem_needed_in_range"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("gold_follows", None), ("gold_high", None), ("gold_low", None), ("practice", False)
                            ),
                            models.Q(
                                ("gold_follows__isnull", False),
                                ("gold_high__isnull", False),
                                ("gold_low__isnull", False),
                                ("gold_high__lte", 5),
                                ("gold_low__lte", models.F("gold_high")),
                                models.Q(("gold_why", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="campaignitem_gold_is_whole",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="annotations.campaign",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="annotations.campaignitem",
                    ),
                ),
                ("n", models.PositiveSmallIntegerField()),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("position", models.PositiveIntegerField()),
                ("tags", models.CharField(blank=True, max_length=200)),
                ("tagged", models.BooleanField(default=False)),
                ("state", models.CharField(default="open", max_length=5)),
                (
                    "rater",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("held_at", models.DateTimeField(blank=True, null=True)),
                ("shown_at", models.DateTimeField(blank=True, null=True)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("active_seconds", models.FloatField(default=0)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["campaign", "position", "tagged", "rater"],
                        name="assignment_open",
                    ),
                    models.Index(
                        condition=models.Q(("state", "held")), fields=["campaign", "until"], name="assignment_held"
                    ),
                    models.Index(fields=["rater", "campaign", "state"], name="assignment_of_rater"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("item", "n"), name="assignment_number_once"),
                    models.UniqueConstraint(fields=("item", "rater"), name="assignment_once_per_rater"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("open", "held", "done"))), name="assignment_state_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("n__gte", 1)), name="assignment_number_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "held"), _negated=True),
                            models.Q(("rater__isnull", False), ("until__isnull", False)),
                            _connector="OR",
                        ),
                        name="assignment_held_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("done_at__isnull", False), ("rater__isnull", False)),
                            _connector="OR",
                        ),
                        name="assignment_done_by_whom",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="annotations.campaignitem",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("values", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("item", "rater"), name="draft_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="annotations.campaignitem"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flags", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("answer", models.TextField(blank=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="flag_not_empty"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("answered_at", None), ("answered_by", None)),
                            models.Q(
                                models.Q(("answer", ""), _negated=True),
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="flag_answer_is_whole",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Skip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="skips", to="annotations.campaignitem"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="skips", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("reason", models.CharField(max_length=20)),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)), fields=("item", "rater"), name="skip_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__in", ("unclear", "distressing", "broken", "not_qualified"))),
                        name="skip_reason_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="annotations.assignment"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings",
                        to="annotations.campaignitem",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "guideline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="annotations.guideline"
                    ),
                ),
                ("token", models.UUIDField()),
                ("points", models.PositiveSmallIntegerField()),
                ("follows_config", models.BooleanField()),
                ("broken_rules", models.JSONField(blank=True, default=list)),
                ("risks", models.JSONField(blank=True, null=True)),
                ("comment", models.TextField(blank=True)),
                ("seconds", models.FloatField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("assignment",),
                        name="rating_once_per_assignment",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("item", "rater"),
                        name="rating_once_per_rater",
                    ),
                    models.UniqueConstraint(fields=("rater", "token"), name="rating_sent_once"),
                    models.CheckConstraint(condition=models.Q(("points__lte", 5)), name="rating_points_in_range"),
                    models.CheckConstraint(
                        condition=models.Q(("seconds", None), ("seconds__gte", 0), _connector="OR"),
                        name="rating_seconds_not_negative",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Adjudication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjudications",
                        to="annotations.campaignitem",
                    ),
                ),
                (
                    "rating",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotations.rating",
                    ),
                ),
                ("points", models.PositiveSmallIntegerField()),
                ("follows_config", models.BooleanField()),
                ("broken_rules", models.JSONField(blank=True, default=list)),
                ("cause", models.CharField(max_length=20)),
                ("note", models.TextField(blank=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)), fields=("item",), name="adjudication_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("points__lte", 5)), name="adjudication_points_in_range"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "cause__in",
                                ("guideline_gap", "ambiguous_prompt", "ambiguous_config", "slip", "hard_case", "other"),
                            )
                        ),
                        name="adjudication_cause_known",
                    ),
                ],
                "indexes": [],
            },
        ),
    ]
