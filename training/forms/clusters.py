"""The forms by which an expert sorts a cluster, all of them together as its desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomy_rows import LONGEST
from annotations.forms.rows import ManyRows
from annotations.models import LanguageModel, Taxonomy
from training.forms.run_judges import callable_models
from training.models import Cluster
from training.models.maps import KEPT, OPEN, REJECTED
from training.services import clusters, proposals
from training.services.clusters import LARGEST_SEED, LONGEST_REASON, MOST_PARTS

TYPED = {"dir": "auto", "autocomplete": "off"}


class WordsForm(forms.Form):
    """What a cluster is called and what it holds. `seen` stands for the cluster as the person had it open."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=LONGEST["name"],
        widget=forms.TextInput(attrs=TYPED),
        help_text=_("The kind of harm, in one line."),
    )
    definition = forms.CharField(
        label=_("Definition"),
        required=False,
        max_length=LONGEST["definition"],
        widget=forms.Textarea(attrs=TYPED | {"rows": 4, "class": "low grows"}),
        help_text=_("What belongs to it, and what is near to it but does not. Judges go by these words."),
    )
    seen = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)


class ProposeForm(forms.Form):
    """Which model is asked, and which sample it is shown."""

    model = forms.ModelChoiceField(LanguageModel.objects.none(), label=_("Model"), empty_label=None)
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text=_("Another seed shows the model other prompts."),
    )

    def __init__(self, data: Any = None):
        super().__init__(data, prefix="propose")
        cast("forms.ModelChoiceField[LanguageModel]", self.fields["model"]).queryset = callable_models()


class OtherClusters(ManyRows):
    """Clusters by number, name and size."""

    def label_from_instance(self, obj: Cluster) -> str:
        """Which one it is."""
        size = ngettext("%(size)s prompt", "%(size)s prompts", obj.size) % {"size": f"{obj.size:,}"}
        return f"{obj.number} · {obj.name or gettext('no name yet')} · {size}"


class MergeForm(forms.Form):
    """The clusters that go into this one."""

    others = OtherClusters(
        Cluster.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        label=_("Clusters that go into this one"),
        error_messages={"required": _("Choose at least one other cluster.")},
    )

    def __init__(self, cluster: Cluster, data: Any = None):
        super().__init__(data, prefix="merge")
        others = Cluster.objects.filter(map=cluster.map_id, state=OPEN).exclude(pk=cluster.pk)
        offered = others.only("map", "number", "name", "size", "state")
        cast("forms.ModelMultipleChoiceField[Cluster]", self.fields["others"]).queryset = offered


class SplitForm(forms.Form):
    """Into how many parts, and where they begin."""

    number = forms.IntegerField(initial=2, min_value=2, max_value=MOST_PARTS, label=_("Parts"))
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text=_("The same seed parts the same way again."),
    )

    def __init__(self, data: Any = None):
        super().__init__(data, prefix="split")


class RejectForm(forms.Form):
    """Why a cluster is no category."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"}),
        label=_("Why"),
        error_messages={"required": _("Say in a line why: others will wonder where these prompts went.")},
    )

    def __init__(self, data: Any = None):
        super().__init__(data, prefix="reject")


@dataclass(frozen=True)
class Desk:
    """Everything the page of a cluster needs to sort it; without the right to, only what it was made into."""

    cluster: Cluster
    may_write: bool
    taxonomy: Taxonomy | None
    words: WordsForm
    propose: ProposeForm
    merge: MergeForm
    split: SplitForm
    reject: RejectForm
    most_shown: int = proposals.MOST_SHOWN

    @property
    def is_open(self) -> bool:
        """Whether it may be sorted."""
        return self.may_write and self.cluster.state == OPEN

    @property
    def can_open(self) -> bool:
        """Whether a decision on it may be taken back."""
        return self.may_write and self.cluster.state in (KEPT, REJECTED)


def desk(cluster: Cluster, *, may_write: bool, typed: Mapping[str, forms.Form] | None = None) -> Desk:
    """The desk of a cluster with empty forms, or in their place those of `typed` by their name."""
    fresh: dict[str, Any] = {
        "words": WordsForm(initial=_first(cluster)),
        "propose": ProposeForm(),
        "merge": MergeForm(cluster),
        "split": SplitForm(),
        "reject": RejectForm(),
    }
    return Desk(cluster, may_write, cluster.map.taxonomy, **fresh | dict(typed or {}))


def _first(cluster: Cluster) -> dict[str, str]:
    """What was saved; before that what a model proposed."""
    proposed = {} if cluster.name or cluster.definition else cluster.proposal
    return {
        "name": cluster.name or proposed.get("name", ""),
        "definition": cluster.definition or proposed.get("definition", ""),
        "seen": clusters.stamp(cluster),
    }
