"""What is evaluated and what it said: models one can call, candidates, their responses."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from annotations.models.benchmarks import Prompt
from annotations.models.configs import ConfigVersion

KEY_PREFIX = "COSA_KEY_"
ONE_KEY = "A model has a key of its own or takes it from a variable, not both."
KEY_RULE = f"The variable's name must start with {KEY_PREFIX}."


class LanguageModel(models.Model):
    """A model one can call: which engine, where, under which name, and how hard.

    `key_variable` names the environment variable that holds the key; or `sealed_key` is the key itself, encrypted, so
    that the database alone gives it to nobody. Prices are US dollars for a million tokens read and written; None is not
    known, 0 is free. `weights` is where its weights lie, for those that are trained on or served here: a folder of
    safetensors, a GGUF file, or a hub id; `node` names the machine that has them, empty where every worker has.
    `serving` says how a server of it is started: gpus, base (of an adapter) and what its engine takes.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    engine = models.CharField(max_length=50)
    base_url = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=200)
    key_variable = models.CharField(max_length=100, blank=True)
    sealed_key = models.TextField(blank=True, editable=False, default="", db_default="")
    max_concurrency = models.PositiveIntegerField(default=8, validators=[MinValueValidator(1)])
    timeout = models.FloatField(default=60, validators=[MinValueValidator(0.1)])
    patience = models.FloatField(default=60, validators=[MinValueValidator(0.1)])
    max_tokens = models.PositiveIntegerField(default=512, validators=[MinValueValidator(1)])
    context_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    price_in = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    price_out = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    weights = models.CharField(max_length=500, blank=True)
    node = models.CharField(max_length=200, blank=True)
    serving = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)
    plumbing = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(max_concurrency__gte=1), name="languagemodel_concurrency"),
            models.CheckConstraint(
                condition=models.Q(timeout__gt=0, patience__gt=0), name="languagemodel_waits_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(key_variable="") | models.Q(key_variable__startswith=KEY_PREFIX),
                name="languagemodel_key_variable_prefix",
                violation_error_message=KEY_RULE,
            ),
            models.CheckConstraint(
                condition=models.Q(key_variable="") | models.Q(sealed_key=""),
                name="languagemodel_one_key",
                violation_error_message=ONE_KEY,
            ),
            models.CheckConstraint(
                condition=(models.Q(price_in=None) | models.Q(price_in__gte=0))
                & (models.Q(price_out=None) | models.Q(price_out__gte=0)),
                name="languagemodel_prices_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key_since(self) -> datetime | None:
        """Since when a key of its own is kept, which the ciphertext says in clear; None when none is."""
        try:
            told = urlsafe_b64decode(self.sealed_key)[1:9]
            return datetime.fromtimestamp(int.from_bytes(told, "big"), UTC) if len(told) == 8 else None
        except (ValueError, OverflowError):
            return None


class Candidate(models.Model):
    """What is evaluated: a model, a way to answer with its settings, and how it samples."""

    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="candidates")
    strategy = models.CharField(max_length=50, default="plain")
    settings = models.JSONField(default=dict, blank=True)
    temperature = models.FloatField(default=0)
    top_p = models.FloatField(default=1)
    max_tokens = models.PositiveIntegerField(default=512)
    seed = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "strategy", "settings", "temperature", "top_p", "max_tokens", "seed"],
                name="candidate_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    temperature__gte=0, temperature__lte=2, top_p__gt=0, top_p__lte=1, max_tokens__gte=1
                ),
                name="candidate_sampling_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} · {self.strategy}"


class SystemPrompt(models.Model):
    """A system prompt as it was sent, kept once under its SHA-256."""

    digest = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.digest[:8]


class Response(models.Model):
    """One answer of one candidate to one prompt under one config version, or under a config synthesised for training.

    An answer that was made elsewhere has no candidate; `source` says in words whose it is. Under a synthesised config
    it has no version, only the system prompt.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="responses")
    # None only under a synthesised config; everywhere people look there is one, so its type says so
    version: "models.ForeignKey[ConfigVersion, ConfigVersion]" = models.ForeignKey(  # type: ignore[assignment]
        ConfigVersion, on_delete=models.PROTECT, null=True, related_name="responses"
    )
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, null=True, related_name="responses")
    source = models.CharField(max_length=200, blank=True)
    system_prompt = models.ForeignKey(SystemPrompt, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    seed = models.IntegerField(null=True)
    identity = models.CharField(max_length=300, blank=True)
    finish = models.CharField(max_length=50, blank=True)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    latency_ms = models.FloatField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version__isnull=False) | models.Q(system_prompt__isnull=False),
                name="response_under_something",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
