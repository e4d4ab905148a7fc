"""Preference sets: what there is, one with its card, counts and lineage, its pairs, putting it away."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from annotations import access, models
from annotations.access import AUTHORS, WORKERS
from annotations.api import fields
from annotations.api.configs import Organisation
from annotations.api.endpoint import changes, lists, reads, route
from annotations.api.filters import CURSOR, PAGE_SIZE, choice, number, text
from annotations.api.gathering import part
from annotations.api.races import Racing
from annotations.api.shapes import Id, Person, Shown, page_of
from annotations.core.preference_pairs import ORIGINS as PAIR_ORIGINS
from annotations.core.storable import storable
from annotations.models.people import ADMIN
from annotations.models.preferences import ORIGINS
from annotations.models.work import WORK_STATES
from annotations.queries import pair_filter, pair_lineage, preference_card
from annotations.queries import preferences as queries
from annotations.queries.pair_filter import Filter
from annotations.services import leakage, links, preferences
from annotations.services.preferences import PreferenceProblem
from annotations.views.preference_exports import WHAT
from annotations.views.preferences import HEAVY

SHOWN_PROBLEMS = 100
WORDS = {"pk": "Id of the preference set.", "number": "Number of the pair in the file, from 1."}
SCORED = "Its error, lower is better; null is unscored."


class PreferenceSet(Shown):
    """A set of preference pairs."""

    id = Id(source="pk", help_text="Id of the set.")
    title = fields.text("What it is called.")
    organisation = Organisation(help_text="Whose it is.")
    origin = fields.word("Where its pairs come from.", ORIGINS)
    state = fields.word("How far it is.", WORK_STATES)
    reason = fields.text("Why it does not go on; empty where its state says enough.")
    licence = fields.text("Under what it may be used; empty where nobody said.")
    source: Any = fields.text("Where its files come from; empty where nobody said.")
    rows = fields.whole("Pairs in it.")
    size = fields.whole("Bytes of its file.")
    sha256 = fields.text("SHA-256 of its file in hexadecimal; empty until it is complete.")
    splits = fields.counts("Pairs of each split.")
    created_by = Person(help_text="Who made it; null where nobody is known.", allow_null=True)
    created_at = fields.moment("When it was begun.")
    finished_at = fields.moment("When it was complete; null before.", allow_null=True)


class Step(Shown):
    """A step of where something comes from."""

    what = fields.text("The thing.")
    page = fields.text("Address of its page; empty where it has none.")


class WholePreferenceSet(PreferenceSet):
    """A preference set with its card, its counts, and where it comes from."""

    about = fields.text("What it is for.")
    figures = fields.json("Counts by mode, config, origin and difference.")
    problems = fields.json(
        f"Row, column and what was wrong, of the first {SHOWN_PROBLEMS} problems.", source="first_problems"
    )
    lineage = Step(many=True, source="steps", help_text="From the pairs down to what they were made of.")
    leaks = fields.whole("Prompts of it that stand in benchmarks too, as far as it was compared.", source="found")
    leaks_in_words = fields.text("The same in a sentence.", source="words")
    overruled_why = fields.text("Why it may be trained on all the same; empty where nobody said so.")
    why_not_train = fields.text("Why no model may be trained on it as it is; empty when one may.", source="why_not")
    manifest = fields.json("How its pairs came about; null until it is complete.", source="told")
    card = fields.text("The dataset card, in Markdown; null until it is complete.", allow_null=True)


class PairsLink(Shown):
    """The file of a set, and where to fetch it."""

    size = fields.whole("Its bytes.")
    sha256 = fields.text("Its SHA-256: compare what you fetched with it.")
    link = fields.text("Where it is fetched, by whoever has this link; follow where it leads on to.")
    until = fields.moment("Until when the link holds.")


class PairSide(Shown):
    """What was found in one response of a pair."""

    text = fields.text("The response.")
    risks = fields.text("Risks found in it, in words; empty where nobody looked.")
    addressed = fields.yes("Whether it addresses the prompt; null where nobody said.", allow_null=True)
    error = fields.real(SCORED, allow_null=True)


class PreferencePair(Shown):
    """A pair: the chosen response is better than the rejected one under the config."""

    number = fields.whole("Its number in the file, from 1.")
    split = fields.text("The split it belongs to.")
    system_prompt = fields.text("What the model is told: the config.")
    prompt = fields.text("What a user asks.")
    allowed = fields.text("What the config allows, in words.")
    prompt_risks = fields.text("The risks of the prompt, in words.")
    mode = fields.text("How the config was made from the prompt's categories; empty where nobody said.")
    origin = fields.word("Where the pair comes from.", PAIR_ORIGINS)
    chosen = PairSide(help_text="The better response.")
    rejected = PairSide(help_text="The worse one.")
    difference = fields.real("How much more error the rejected one has; null where one is unscored.", allow_null=True)


class PairOrigin(Shown):
    """The pages a pair comes from; each empty where there is none."""

    preview = fields.text("Why it exists.")
    prompt = fields.text("Its prompt.")
    chosen = fields.text("The item of a run with the chosen response.")
    rejected = fields.text("The item of a run with the rejected response.")


class WholePreferencePair(PreferencePair):
    """A pair with where it comes from."""

    pages = PairOrigin(help_text="Where it comes from.")


FILTERS = (
    text("split", "Only pairs of this split."),
    text("mode", "Only pairs of this mode."),
    text("config", "Only pairs under the config of this title."),
    choice("origin", "Only pairs that come from there.", PAIR_ORIGINS),
    text("gap", f"Only pairs of this difference: a number, {pair_filter.UNSCORED} or {pair_filter.NOT_BETTER}."),
    text("text", "Only pairs in whose prompt these words stand."),
)


class PreferenceSets(Racing):
    """The preference sets."""

    resource, roles = "preferences", WORKERS

    @lists(
        PreferenceSet,
        choice("origin", "Only those whose pairs come from there.", ORIGINS, lookup="origin"),
        choice("state", "Only those in this state.", WORK_STATES, lookup="state"),
        number("organisation", "Only those of the organisation of this id.", lookup="organisation"),
    )
    def get(self) -> QuerySet[models.PreferenceSet]:
        """The preference sets you may read, the newest first."""
        return access.preference_sets(self.user).defer(*HEAVY)


class OnePreferenceSet(Racing):
    """One preference set."""

    resource, roles = "preferences", WORKERS
    words = WORDS

    @reads(WholePreferenceSet)
    def get(self, pk: int) -> Any:
        """A preference set with its card, its counts, and where it comes from."""
        row: Any = access.preference_set_for_reader(self.user, pk)
        row.steps = [{"what": what, "page": page} for what, page in pair_lineage.steps(row)]
        row.first_problems = row.problems[:SHOWN_PROBLEMS]
        row.found, row.words, row.why_not = leakage.found(row), leakage.words(row), preferences.why_not_train(row)
        row.told = preference_card.manifest(row) if row.sha256 else None
        row.card = preference_card.card(row) if row.sha256 else None
        return row


class Pairs(Racing):
    """The pairs of a set."""

    resource, roles = "preferences", WORKERS
    words = WORDS

    @reads(page_of(PreferencePair), *FILTERS, CURSOR, PAGE_SIZE)
    def get(self, pk: int) -> dict[str, Any]:
        """The pairs of a set in the order of its file; none while its file is not there."""
        row, asked = access.preference_set_for_reader(self.user, pk), self.asked
        wanted = Filter(**{name: storable(asked[name] or "") for name in Filter._fields})
        rows: Any = queries.pairs(row, wanted)
        found = part(self.request._request, rows, cursor=asked["cursor"], size=asked["page_size"])
        return found._asdict() | {"results": [_pair(pair) for pair in found.rows]}


class PairsFile(Racing):
    """The file of a set."""

    resource, roles = "preferences", WORKERS
    words = WORDS

    @reads(PairsLink)
    def get(self, pk: int) -> dict[str, Any]:
        """A link at the Parquet file of the set, for you, which holds for ten minutes and needs no token."""
        row = access.preference_set_for_reader(self.user, pk)
        if not row.sha256:
            raise Http404
        text = links.made(person=self.user, what=WHAT, pk=pk, name="")
        address = self.request.build_absolute_uri(reverse("annotations:preference-download", args=[text]))
        return {"size": row.size, "sha256": row.sha256, "link": address, "until": links.until()}


class OnePair(Racing):
    """One pair."""

    resource, roles = "preferences", WORKERS
    words = WORDS

    @reads(WholePreferencePair)
    def get(self, pk: int, number: int) -> dict[str, Any]:
        """One pair, and the pages it comes from."""
        row = access.preference_set_for_reader(self.user, pk)
        every = queries.pairs(row)
        if not 1 <= number <= len(every):
            raise Http404
        pair = every[number - 1]
        return _pair(pair) | {"pages": pair_lineage.of_pair(row, pair.values)}


class Putting(Racing):
    """Putting a set away."""

    resource, roles = "preferences", AUTHORS | {ADMIN}
    refusals = (PreferenceProblem,)
    words = WORDS

    @changes(None, None)
    def post(self, pk: int) -> None:
        """The set is offered no more; its file stays."""
        preferences.archive(row=access.preference_set_for_author(self.user, pk), actor=self.user)


def _pair(pair: queries.Pair) -> dict[str, Any]:
    values = pair.values
    told = {name: getattr(values, name) or "" for name in ("split", "system_prompt", "prompt", "mode", "origin")}
    sides = {
        "chosen": pair.chosen._asdict() | {"text": values.chosen_response or ""},
        "rejected": pair.rejected._asdict() | {"text": values.rejected_response or ""},
    }
    own = {name: getattr(pair, name) for name in ("number", "allowed", "prompt_risks")}
    return told | sides | own | {"difference": pair.gap}


ROUTES = [
    route("preferences/", PreferenceSets, "preferences-list"),
    route("preferences/<int:pk>/", OnePreferenceSet, "preferences-detail"),
    route("preferences/<int:pk>/pairs/", Pairs, "preferences-pairs"),
    route("preferences/<int:pk>/pairs/<int:number>/", OnePair, "preferences-pair"),
    route("preferences/<int:pk>/file/", PairsFile, "preferences-file"),
    route("preferences/<int:pk>/archive/", Putting, "preferences-archive"),
]
