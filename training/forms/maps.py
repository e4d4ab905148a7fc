"""The form of a map: which prompts, read by what, laid out how."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.models import Benchmark, LanguageModel, Taxonomy, User
from annotations.models.benchmarks import TRAINING
from training import access as machines
from training import clustering, engines
from training.clustering import DENSE, PLAIN, Settings
from training.models import PromptMap
from training.services import embeddings, maps
from training.services.maps import RANGES, MapProblem

HERE = ""
"""The value of the sentence model of this installation."""
_ABOUT = {
    DENSE: _("By how near prompts are to each other; finds clusters of any density. The paper's way."),
    PLAIN: _("By the directions in which prompts differ most; without more packages."),
}


class Prompts(forms.ModelChoiceField):
    """Sets of prompts by title, and what they are for."""

    def label_from_instance(self, obj: Benchmark) -> str:
        """The title, and that its prompts are for training or evaluation."""
        purpose = gettext("training prompts") if obj.purpose == TRAINING else gettext("benchmark")
        return f"{obj.title} ({purpose})"


def _number(field: str, label: str, help_text: str, **more: Any) -> forms.IntegerField:
    low, high = RANGES[field]
    initial = Settings._field_defaults[field]
    return forms.IntegerField(min_value=low, max_value=high, initial=initial, label=label, help_text=help_text, **more)


class MapForm(forms.Form):
    """Every setting of a map; each starts as most maps have it."""

    benchmark = Prompts(Benchmark.objects.none(), label=_("Prompts"), empty_label=None)
    embedder = forms.ChoiceField(required=False, label=_("Read by"))
    method = forms.ChoiceField(label=_("Laid out by"), widget=forms.RadioSelect)
    smallest = _number(
        "smallest", _("Smallest cluster"), _("Fewer prompts than this are no cluster. The paper took 5.")
    )
    dimensions = _number(
        "dimensions",
        _("Dimensions"),
        _(
            "Clusters are looked for in so many; fewer where there are few prompts. The paper took 512 for 16,188 "
            "prompts; 32 take a seventh of the time."
        ),
    )
    epsilon = forms.FloatField(
        label=_("Epsilon"),
        min_value=RANGES["epsilon"][0],
        max_value=RANGES["epsilon"][1],
        initial=Settings().epsilon,
        help_text=_("UMAP and HDBSCAN only: nearer than this, clusters are not divided further. The paper took 0.25."),
    )
    neighbours = forms.IntegerField(
        label=_("Neighbours"),
        required=False,
        min_value=RANGES["neighbours"][0],
        max_value=RANGES["neighbours"][1],
        help_text=_(
            "UMAP and HDBSCAN only: how many prompts count as near to one; fewer make finer "
            "clusters. Empty: %(value)s for less than 1,000 prompts, else %(neighbours)s."
        )
        % {"value": clustering.neighbours(0), "neighbours": Settings().neighbours},
    )
    seed = _number("seed", _("Seed"), _("The same prompts, settings and seed give the same map."))
    taxonomy = forms.ModelChoiceField(
        Taxonomy.objects.none(),
        label=_("Taxonomy"),
        required=False,
        empty_label=_("a new one, made with the first cluster that is kept"),
        help_text=_("Where clusters that are kept become categories."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        homes = access.organisations_for_benchmarks(user)
        offered = Benchmark.objects.filter(organisation__in=homes, archived_at=None).order_by("-purpose", "title", "pk")
        self._choice("benchmark").queryset = offered
        self._choice("taxonomy").queryset = access.taxonomies(user).filter(organisation__in=homes)
        self._options("embedder", self._embedders())
        ways = [way for way in (DENSE, PLAIN) if not maps.missing(way)]
        self._options("method", [(way, self._way(way)) for way in ways])
        self.fields["method"].initial = ways[0]

    def _choice(self, name: str) -> "forms.ModelChoiceField[Any]":
        return cast("forms.ModelChoiceField[Any]", self.fields[name])

    def _options(self, name: str, options: list[tuple[str, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = options

    @staticmethod
    def _way(way: str) -> str:
        most = gettext("%(way)s, up to %(most)s prompts.") % {
            "way": gettext(clustering.label(way)),
            "most": f"{clustering.most(way):,}",
        }
        return f"{most} {_ABOUT[way]}"

    @staticmethod
    def _embedders() -> list[tuple[str, str]]:
        here = [] if embeddings.missing(None) else [(HERE, _("the sentence model of this installation (English)"))]
        models = machines.models().filter(engine__in=engines.embedders())
        return here + [
            (str(pk), gettext("%(model)s, by its embeddings") % {"model": name})
            for pk, name in models.values_list("pk", "name")
        ]

    def clean_embedder(self) -> LanguageModel | None:
        """The model, None for the sentence model of this installation."""
        chosen = self.cleaned_data["embedder"]
        return None if chosen == HERE else machines.models().get(pk=chosen)

    def start(self, actor: User) -> PromptMap | None:
        """The queued map of a valid form; None when it cannot be made, the reason then stands on the form."""
        data = self.cleaned_data
        data["neighbours"] = data["neighbours"] or clustering.neighbours(maps.count(data["benchmark"]))
        wanted = Settings(**{name: data[name] for name in Settings._fields})
        chosen = {name: data[name] for name in ("benchmark", "embedder", "taxonomy")}
        try:
            return maps.start(**chosen, wanted=wanted, actor=actor)
        except MapProblem as problem:
            self.add_error(problem.field or None, str(problem))
            return None
