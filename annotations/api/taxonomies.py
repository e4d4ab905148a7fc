"""Taxonomies and sets of training prompts, to read."""

from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from annotations import access, models
from annotations.access import WORKERS
from annotations.api import fields
from annotations.api.configs import Organisation
from annotations.api.endpoint import Endpoint, lists, reads, route
from annotations.api.filters import text
from annotations.api.gathering import Gathered
from annotations.api.shapes import Id, Person, Shown
from annotations.models import User
from annotations.models.taxonomies import TAXONOMY_STATES
from annotations.models.work import FINISHED, WORK_STATES
from annotations.queries import taxonomies as queries
from annotations.queries import training_prompts

SETS = {"pk": "Id of the set."}


class Taxonomy(Gathered):
    """A set of risk categories of an organisation's own."""

    id = Id(source="pk", help_text="Id of the taxonomy.")
    title = fields.text("What it is called.")
    about = fields.text("What it is for.")
    organisation = Organisation(help_text="Whose it is.")
    published = fields.whole("Number of its newest published version; null before the first.", allow_null=True)
    draft = fields.whole("Number of its draft; null without one.", allow_null=True)
    created_by = Person(help_text="Who made it; null where nobody is known.", allow_null=True)
    created_at = fields.moment("When it was made.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The taxonomies with their newest versions."""
        for one in queries.standing(rows):
            row: Any = one.taxonomy
            row.published = one.published.number if one.published else None
            row.draft = one.draft.number if one.draft else None
        return rows


class Category(Shown):
    """A risk category of a taxonomy."""

    slug = fields.text("Its short name.")
    name = fields.text("Its name.")
    full_name = fields.text("Its name in full.")
    definition = fields.text("What belongs to it.")
    trained = fields.yes("Whether configs for training draw from it.")


class TaxonomyVersion(Shown):
    """A version of a taxonomy; once published it never changes."""

    number = fields.whole("Its number.")
    state = fields.word("Where it stands.", TAXONOMY_STATES)
    categories = Category(many=True, help_text="Its categories, in order; `other` is what none of them names.")
    digest = fields.text("Stands for its categories; empty for a draft.")
    note = fields.text("What was said when it was published.")
    recipes = fields.whole("Recipes that use it.", source="recipe_count")
    published_at = fields.moment("When it was published; null for a draft.", allow_null=True)


class TrainingPrompts(Shown):
    """A set of prompts for training: what kind a prompt is, nobody has said."""

    id = Id(source="pk", help_text="Id of the set.")
    title = fields.text("What it is called.")
    about = fields.text("What it is for.")
    licence = fields.text("Under what it may be used; empty where nobody said.")
    organisation = Organisation(help_text="Whose it is.")
    prompts = fields.whole("Prompts in it.", source="prompt_count")
    recipes = fields.whole("Recipes that build from it.", source="recipe_count")
    state = fields.word("How far its import is.", WORK_STATES, source="import_state")
    created_by = Person(help_text="Who made it; null where nobody is known.", allow_null=True)
    created_at = fields.moment("When it was made.")


class TrainingPrompt(Shown):
    """A prompt for training."""

    uid = fields.uid("Its own name.")
    position = fields.whole("Its place in the set.")
    text = fields.text("What a user asks.")
    language = fields.text("Its language, as a tag.")
    source: Any = fields.text("Where it comes from.")


class Taxonomies(Endpoint):
    """The taxonomies."""

    resource, roles = "benchmarks", WORKERS

    @lists(Taxonomy, order=("title", "pk"))
    def get(self) -> QuerySet[models.Taxonomy]:
        """The taxonomies you may read, by title; the built-in categories are none of them."""
        return access.taxonomies(self.user)


class TaxonomyVersions(Endpoint):
    """The versions of a taxonomy."""

    resource, roles = "benchmarks", WORKERS
    words = {"pk": "Id of the taxonomy."}

    @lists(TaxonomyVersion, order=("-number",))
    def get(self, pk: int) -> QuerySet[models.TaxonomyVersion]:
        """The versions of a taxonomy with their categories, the newest first."""
        return queries.versions(access.taxonomy_for_reader(self.user, pk))


class OneTaxonomy(Endpoint):
    """One taxonomy."""

    resource, roles = "benchmarks", WORKERS
    words = {"pk": "Id of the taxonomy."}

    @reads(Taxonomy)
    def get(self, pk: int) -> Any:
        """One taxonomy."""
        return Taxonomy.together([access.taxonomy_for_reader(self.user, pk)], self.user)[0]


class TrainingSets(Endpoint):
    """The sets of training prompts."""

    resource, roles = "preferences", WORKERS

    @lists(TrainingPrompts)
    def get(self) -> QuerySet[models.Benchmark]:
        """The sets of training prompts you may read, the newest first."""
        return _sets(self.user)


class OneTrainingSet(Endpoint):
    """One set of training prompts."""

    resource, roles, words = "preferences", WORKERS, SETS

    @reads(TrainingPrompts)
    def get(self, pk: int) -> Any:
        """One set of training prompts."""
        return access.one_or_404(_sets(self.user), pk=pk)


class PromptsOfSet(Endpoint):
    """The prompts of a set."""

    resource, roles, words = "preferences", WORKERS, SETS

    @lists(
        TrainingPrompt,
        text("words", "Only those in whose text these words stand."),
        text("language", "Only those in this language.", longest=35),
        order=("position",),
    )
    def get(self, pk: int) -> QuerySet[models.Prompt]:
        """The prompts of a set, in their order."""
        wanted = {name: self.asked[name] or "" for name in ("words", "language")}
        return training_prompts.prompts(access.training_prompts_for_reader(self.user, pk), **wanted)


def _sets(asker: User) -> QuerySet[models.Benchmark]:
    rows = training_prompts.with_counts(access.training_prompts(asker), access.organisations(asker))
    return rows.annotate(import_state=Coalesce("state", Value(FINISHED)))


ROUTES = [
    route("taxonomies/", Taxonomies, "taxonomies-list"),
    route("taxonomies/<int:pk>/", OneTaxonomy, "taxonomies-detail"),
    route("taxonomies/<int:pk>/versions/", TaxonomyVersions, "taxonomies-versions"),
    route("training-prompts/", TrainingSets, "training-prompts-list"),
    route("training-prompts/<int:pk>/", OneTrainingSet, "training-prompts-detail"),
    route("training-prompts/<int:pk>/prompts/", PromptsOfSet, "training-prompts-prompts"),
]
