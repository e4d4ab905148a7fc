"""The model registry: what one can call, registering and changing it, and a test call. No answer has a key."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms import model_to_dict
from rest_framework import serializers

from annotations.access import WORKERS, one_or_404
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.fields import moment, real, whole, word, yes
from annotations.api.fields import text as words_
from annotations.api.filters import choice, text
from annotations.api.problems import Problem
from annotations.api.shapes import Id, Said, Shown
from annotations.core import folder
from annotations.models import LanguageModel
from annotations.models.people import ADMIN
from training import access, engines, model_queries
from training.api.fields import maybe
from training.api.score_shapes import ScoreInterval
from training.api.typed import refuse, typed
from training.forms.models import HOW, MOST_CARDS, ModelForm
from training.model_queries import Scored
from training.services import registry

ADMINS = frozenset({ADMIN})
ENGINES = tuple(folder.names(engines.__name__))
LARGEST, LONGEST_PROMPT, DEAREST = 2**31 - 1, 2000, 999_999
OPTIONAL = {"required": False, "allow_blank": True}
COUNT = {"required": False, "allow_null": True, "min_value": 1, "max_value": LARGEST}
PRICE = {"required": False, "allow_null": True, "min_value": 0, "max_value": DEAREST}
NAME, SLUG = "What people call it.", "Short name, unique."
ENGINE = "How it is reached: the name of an engine."
URL = "Address of its server up to and with /v1; empty where a server is started here."
SERVER_NAME = "The name its server knows it by."
KEY = "Instead of a key: name of the environment variable that holds it, COSA_KEY_…."
OWN_KEY = "Its key, kept encrypted for its address alone and never shown again; empty removes the one that is kept."
AT_ONCE = "Calls at once, shared by all workers."
TIMEOUT, PATIENCE = "Seconds for one try of a call.", "Seconds for one call with all its tries and waits."
LONGEST = "The longest answer in tokens, unless a run says otherwise."
CONTEXT = "The most tokens it reads and writes in one call; null where it is not known."
READING = "US dollars for a million tokens read; 0 is free, null is not known."
WRITING = "US dollars for a million tokens written; 0 is free, null is not known."
WEIGHTS = "Where its weights lie: a folder, a .gguf file, or a name on the hub; empty where it is only asked."
NODE = (
    "Name of the node that has the weights; empty where every worker has them. Other nodes fetch those of a checkpoint "
    "from the store of artifacts, where they are in it."
)
GPUS = "Graphics cards a server of it takes; null for what its engine takes."
MEMORY = "Share of each card's memory that vLLM takes; null for its own choice."
BASE = "The base of an adapter: the weights it was trained on; empty where it is none."
PLUMBING = "True for a model too small to mean anything: its figures are no evidence."


class ModelScore(Shown):
    """The score of a model in its newest finished run among those one may read."""

    run = Id(help_text="Id of the run.", source="run.pk")
    score = maybe(
        "CoSA-Score, the unweighted mean over configs, -1..1; null without a scored item.", source="scores.mean"
    )
    interval = ScoreInterval(
        help_text="95 % interval; null without a score.", source="scores.mean_interval", allow_null=True
    )
    n_scored = whole("Items with both values.", source="scores.overall.n_scored")
    n_total = whole("Items that ended.", source="scores.overall.n_total")
    heuristic = yes("True where a program judged: no evidence.", source="scores.heuristic")


class ModelRows(serializers.ListSerializer[Any]):
    """Models, each with its newest score."""

    def to_representation(self, data: Any) -> list[Any]:
        """The models as JSON; a few queries for all scores."""
        rows = list(data)
        runs = access.runs(self.context["request"].user).filter(candidate__model__in=rows)
        return super().to_representation(_scored(rows, model_queries.newest_scores(runs)))


def _scored(models: list[LanguageModel], newest: dict[int, Scored]) -> list[LanguageModel]:
    for model in models:
        model.newest = newest.get(model.pk)  # type: ignore[attr-defined]
        model.how = {name: model.serving.get(name) for name in HOW}  # type: ignore[attr-defined]
    return models


class Model(Shown):
    """A model one can call. Its key is in the environment of the servers, or kept encrypted, and given to nobody."""

    class Meta:
        list_serializer_class = ModelRows

    id = Id(help_text="Id of the model.", source="pk")
    slug = words_(SLUG)
    name = words_(NAME)
    engine = words_(ENGINE)
    base_url = words_(URL)
    model = words_(SERVER_NAME)
    key_variable = words_(KEY)
    key_since = moment("Since when a key of its own is kept; null when none is.", allow_null=True)
    max_concurrency = whole(AT_ONCE)
    timeout = real(TIMEOUT)
    patience = real(PATIENCE)
    max_tokens = whole(LONGEST)
    context_tokens = whole(CONTEXT, allow_null=True)
    price_in = maybe(READING)
    price_out = maybe(WRITING)
    weights = words_(WEIGHTS)
    node = words_(NODE)
    gpus = whole(GPUS, source="how.gpus", allow_null=True)
    memory = maybe(MEMORY, source="how.memory")
    base = words_(BASE, source="how.base", allow_null=True)
    plumbing = yes(PLUMBING)
    note = words_("A note for colleagues, perhaps empty.")
    created_at = moment("When it was registered.")
    newest = ModelScore(help_text="Its newest score; null before there is one that you may read.", allow_null=True)


class NewModel(Said):
    """Which engine, where, under which name, and how hard it may be asked."""

    slug = serializers.SlugField(max_length=50, help_text=SLUG)
    name = words_(NAME, max_length=200)
    engine = word(ENGINE, ENGINES)
    base_url = words_(URL, max_length=500, **OPTIONAL)
    model = words_(SERVER_NAME, max_length=200)
    key = words_(OWN_KEY, max_length=2000, write_only=True, **OPTIONAL)
    key_variable = words_(KEY, max_length=100, **OPTIONAL)
    max_concurrency = whole(AT_ONCE, default=8, min_value=1, max_value=LARGEST)
    timeout = real(TIMEOUT, default=60.0, min_value=0.1, max_value=86_400)
    patience = real(PATIENCE, default=60.0, min_value=0.1, max_value=86_400)
    max_tokens = whole(LONGEST, default=512, min_value=1, max_value=LARGEST)
    context_tokens = whole(CONTEXT, **COUNT)
    price_in = real(READING, **PRICE)
    price_out = real(WRITING, **PRICE)
    weights = words_(WEIGHTS, max_length=500, **OPTIONAL)
    node = words_(NODE, max_length=200, **OPTIONAL)
    gpus = whole(GPUS, required=False, allow_null=True, min_value=0, max_value=MOST_CARDS)
    memory = real(MEMORY, required=False, allow_null=True, min_value=0.05, max_value=1)
    base = words_(BASE, max_length=500, **OPTIONAL)
    plumbing = yes(PLUMBING, default=False)
    note = words_("A note for colleagues.", max_length=10_000, **OPTIONAL)


class TestPrompt(Said):
    """What a test call asks."""

    __test__ = False
    prompt = words_("The prompt.", max_length=LONGEST_PROMPT)


class TestAnswer(Shown):
    """What a test call came to: an answer, or an error in words."""

    __test__ = False
    answer = words_("The answer; null after an error.", source="reply.text", allow_null=True)
    identity = words_("What the model called itself; null after an error.", source="reply.identity", allow_null=True)
    tokens_in = whole("Tokens read; null where the server did not say.", source="reply.tokens_in", allow_null=True)
    tokens_out = whole("Tokens written; null where the server did not say.", source="reply.tokens_out", allow_null=True)
    error = words_("What went wrong and what to do; empty after an answer.")
    seconds = real("How long it took.")


class Models(Endpoint):
    """The models."""

    resource, roles = "models", WORKERS

    @lists(
        Model,
        choice("engine", "Models of this engine.", ENGINES, lookup="engine"),
        text("slug", "The model of this short name.", lookup="slug", longest=50),
        order=("name", "pk"),
    )
    def get(self) -> QuerySet[LanguageModel]:
        """The models of the registry by name; archived ones are left out."""
        return access.models()

    @creates(NewModel, Model, roles=ADMINS)
    def post(self) -> LanguageModel:
        """Register a model. Test it afterwards."""
        return _kept(self, ModelForm(typed(self.said)))


class OneModel(Endpoint):
    """One model."""

    resource, roles = "models", WORKERS
    words = {"pk": "Id of the model."}

    @reads(Model)
    def get(self, pk: int) -> LanguageModel:
        """How the model is reached, what it costs, and its newest score."""
        return _shown(self, pk)

    @changes(NewModel, Model, roles=ADMINS)
    @transaction.atomic
    def patch(self, pk: int) -> LanguageModel:
        """Change how a model is reached. Engine and name are fixed once a run was made with it."""
        access.model_for_reader(pk)
        model = one_or_404(access.models().select_for_update(of=("self",), no_key=True), pk=pk)
        now = model_to_dict(model, [*(NewModel().fields.keys() - set(HOW))]) | model.serving
        forget = {"forget_key": self.said.get("key") == ""}
        form = ModelForm(typed(now | self.said | forget), instance=model)
        for name, value in self.said.items():
            if form.fields[name].disabled and value != now.get(name, ""):
                raise Problem(422, "Some fields have to be changed.", errors={name: [str(form.fields[name].help_text)]})
        return _kept(self, form)


def _kept(endpoint: Endpoint, form: ModelForm) -> LanguageModel:
    if not form.is_valid():
        raise refuse(form)
    return _shown(endpoint, form.keep(endpoint.user).pk)


def _shown(endpoint: Endpoint, pk: int) -> LanguageModel:
    model = access.model_for_reader(pk)
    runs = access.runs(endpoint.user).filter(candidate__model=model)
    return _scored([model], model_queries.newest_scores(runs))[0]


class ModelsTest(Endpoint):
    """A test call."""

    resource, roles = "models", WORKERS
    words = {"pk": "Id of the model."}

    @changes(TestPrompt, TestAnswer)
    def post(self, pk: int) -> registry.Trial:
        """One call to the model, waiting at most 20 seconds. An error of the model stands in the answer."""
        return registry.try_model(access.model_for_reader(pk), self.said["prompt"])


ROUTES = [
    route("models/", Models, "models-list"),
    route("models/<int:pk>/", OneModel, "models-detail"),
    route("models/<int:pk>/test/", ModelsTest, "models-test"),
]
