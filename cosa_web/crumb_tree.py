"""Where each page lies: its parent, what it is called there, and what of its own objects stands in its address.

A label and the parts of an address are read from what the page shows: `{run.pk}` is the id of its `run`. A page that
is no one's child is a list of the rail or of its tabs and shows no way up.
"""

from typing import NamedTuple

from django.utils.translation import gettext_noop as _


class Crumb(NamedTuple):
    """One page: its parent by URL name, None for the top; its label; the parts of its address.

    `carries` says that its address tells, as its parent's does, which rows its parent listed.
    """

    parent: str | None
    label: str
    parts: tuple[str, ...] = ()
    carries: bool = False


def _below(prefix: str, parent: str, parts: tuple[str, ...], **pages: str) -> dict[str, Crumb]:
    """The pages of one thing, by the end of their names, that have the same address parts."""
    return {prefix + name.replace("_", "-"): Crumb(parent, label, parts) for name, label in pages.items()}


CONFIG, VERSION = ("config.pk",), ("config.pk", "version.number")
BENCHMARK, CAMPAIGN, RUN = ("benchmark.pk",), ("campaign.pk",), ("run.pk",)
SET, STAGE = ("row.pk",), ("stage.recipe_id", "stage.pk")

LISTS = {
    "annotations:config-list": _("Configs"),
    "annotations:benchmark-list": _("Benchmarks"),
    "annotations:check-list": _("Label"),
    "annotations:rate-list": _("Rate"),
    "annotations:campaign-list": _("Campaigns"),
    "annotations:group-list": _("Groups of raters"),
    "annotations:preference-list": _("Preference sets"),
    "annotations:training-prompts-list": _("Training prompts"),
    "annotations:taxonomy-list": _("Taxonomies"),
    "annotations:person-list": _("People"),
    "annotations:organisation-list": _("Organisations"),
    "annotations:floor-list": _("Floor"),
    "annotations:token-list": _("Access tokens"),
    "training:review-list": _("Reviews"),
    "training:run-list": _("Runs"),
    "training:recipe-list": _("Recipes"),
    "training:map-list": _("Maps"),
    "training:training-list": _("Training runs"),
    "training:checkpoint-list": _("Checkpoints"),
    "training:model-list": _("Models"),
    "training:judge-list": _("Judges"),
    "training:deployment-list": _("Deployments"),
    "training:key-list": _("Keys"),
    "docs": _("Docs"),
}
CONFIGS = {
    "annotations:config-new": Crumb("annotations:config-list", _("New config")),
    "annotations:config-detail": Crumb("annotations:config-list", "{config.title}", CONFIG),
    "annotations:version-detail": Crumb("annotations:config-detail", "v{version.number}", VERSION),
    **_below("annotations:", "annotations:config-detail", CONFIG, config_edit=_("Edit"), version_list=_("Versions")),
    "annotations:version-diff": Crumb("annotations:version-list", "v{old.number} → v{new.number}"),
    "annotations:demonstration-list": Crumb("annotations:config-detail", _("Demonstrations"), CONFIG),
    "annotations:demonstration-edit": Crumb("annotations:demonstration-list", _("Edit")),
    **_below("training:", "annotations:version-detail", VERSION, review_detail=_("Review"), version_tests=_("Tests")),
    "training:config-scores": Crumb("annotations:config-detail", _("Scores"), CONFIG),
    "training:config-tokens": Crumb("annotations:version-detail", _("Length")),
    "annotations:floor-detail": Crumb("annotations:floor-list", "v{version.number}"),
}
BENCHMARKS = {
    "annotations:benchmark-new": Crumb("annotations:benchmark-list", _("New benchmark")),
    "annotations:test-set-new": Crumb("annotations:benchmark-list", _("New test set")),
    "annotations:benchmark-detail": Crumb("annotations:benchmark-list", "{benchmark.title}", BENCHMARK),
    **_below(
        "annotations:",
        "annotations:benchmark-detail",
        BENCHMARK,
        benchmark_edit=_("Settings"),
        coverage=_("Coverage"),
        prompt_new=_("Write prompts"),
        prompt_paste=_("Paste prompts"),
        similar_list=_("Similar prompts"),
        import_list=_("Imports"),
        benchmark_export=_("Export"),
        release_list=_("Releases"),
    ),
    "annotations:validation": Crumb("annotations:benchmark-detail", _("Validation"), BENCHMARK),
    "annotations:validation-prompt": Crumb("annotations:validation", _("Prompt"), carries=True),
    "annotations:prompt-detail": Crumb(
        "annotations:benchmark-detail", _("Prompt {prompt.position}"), ("benchmark.pk", "prompt.uid"), carries=True
    ),
    "annotations:prompt-edit": Crumb("annotations:prompt-detail", _("Edit")),
    "annotations:similar-detail": Crumb("annotations:similar-list", _("Report {report.pk}")),
    "annotations:import-detail": Crumb("annotations:import-list", "{row.name}"),
    "annotations:card-edit": Crumb("annotations:release-list", _("Dataset card")),
    "annotations:release-new": Crumb("annotations:release-list", _("Freeze a release")),
    "annotations:release-diff": Crumb("annotations:release-list", "{old.name} → {new.name}"),
    "annotations:release-detail": Crumb("annotations:release-list", "{release.name}"),
}
CAMPAIGNS = {
    "annotations:campaign-new": Crumb("annotations:campaign-list", _("New campaign")),
    "annotations:campaign-detail": Crumb("annotations:campaign-list", "{campaign.title}", CAMPAIGN),
    **_below(
        "annotations:",
        "annotations:campaign-detail",
        CAMPAIGN,
        campaign_edit=_("Settings"),
        campaign_overlap=_("Overlap"),
        campaign_agreement=_("Agreement"),
        campaign_wellbeing=_("Wellbeing"),
        campaign_upload=_("Import responses"),
        campaign_export=_("Export"),
        campaign_people=_("People"),
        guideline_list=_("Guidelines"),
        flag_list=_("Flags"),
    ),
    **_below(
        "training:",
        "annotations:campaign-detail",
        CAMPAIGN,
        campaign_pick=_("Choose responses"),
        campaign_results=_("Results"),
    ),
    "training:campaign-differences": Crumb("training:campaign-results", _("Differences"), CAMPAIGN),
    "training:campaign-difference": Crumb("training:campaign-differences", _("Item {item.pk}"), carries=True),
    "annotations:campaign-items": Crumb("annotations:campaign-detail", _("Items"), CAMPAIGN),
    "annotations:item-gold": Crumb("annotations:campaign-items", _("Item {item.pk}"), carries=True),
    "annotations:adjudication-list": Crumb("annotations:campaign-detail", _("Adjudication"), CAMPAIGN),
    "annotations:adjudication": Crumb("annotations:adjudication-list", _("Item {item.pk}"), carries=True),
    "annotations:guideline-new": Crumb("annotations:guideline-list", _("New version")),
    "annotations:guideline-detail": Crumb("annotations:guideline-list", "v{version.number}"),
    "annotations:enrolment-edit": Crumb("annotations:campaign-people", "{place.enrolment.rater}"),
    "annotations:group-new": Crumb("annotations:group-list", _("New group")),
    "annotations:group-edit": Crumb("annotations:group-list", "{group.name}"),
    "annotations:rate-start": Crumb("annotations:rate-list", "{campaign.title}", CAMPAIGN),
    "annotations:rate-mine": Crumb("annotations:rate-start", _("My own"), CAMPAIGN),
    "annotations:rate-guideline": Crumb("annotations:rate-start", _("Guideline"), CAMPAIGN),
}
RUNS = {
    "training:run-new": Crumb("training:run-list", _("Start an evaluation")),
    "training:run-import": Crumb("training:run-list", _("Import responses")),
    "training:leaderboard": Crumb("training:run-list", _("Leaderboard")),
    "training:run-compare": Crumb("training:run-list", _("Compare")),
    "training:run-changes": Crumb("training:run-compare", _("What changed"), carries=True),
    "training:run-changed": Crumb("training:run-changes", _("One prompt"), carries=True),
    "training:run-detail": Crumb("training:run-list", _("Run {run.pk}"), RUN),
    **_below(
        "training:",
        "training:run-detail",
        RUN,
        run_derive=_("Again"),
        run_prompts=_("What the model was told"),
        run_correction=_("Corrected by people"),
    ),
    "training:item-list": Crumb("training:run-detail", _("Items"), RUN),
    "training:item-detail": Crumb("training:item-list", _("Item {item.position}"), carries=True),
}
PREFERENCES = {
    "annotations:preference-new": Crumb("annotations:preference-list", _("Import a preference set")),
    "annotations:preference-people": Crumb("annotations:preference-list", _("From people")),
    "annotations:preference-detail": Crumb("annotations:preference-list", "{row.title}", SET),
    "annotations:preference-pair": Crumb("annotations:preference-detail", _("Pair {pair.number}"), carries=True),
    **_below(
        "annotations:",
        "annotations:preference-detail",
        SET,
        preference_card=_("Card"),
        preference_leaks=_("Leaks"),
        preference_shapes=_("Download"),
    ),
    "annotations:training-prompts-new": Crumb("annotations:training-prompts-list", _("Import training prompts")),
    "annotations:training-prompts-detail": Crumb("annotations:training-prompts-list", "{prompts.title}"),
    "annotations:taxonomy-new": Crumb("annotations:taxonomy-list", _("New taxonomy")),
    "annotations:taxonomy-detail": Crumb("annotations:taxonomy-list", "{taxonomy.title}", ("taxonomy.pk",)),
    "annotations:taxonomy-edit": Crumb("annotations:taxonomy-detail", _("Edit")),
    "annotations:taxonomy-version": Crumb("annotations:taxonomy-detail", "v{version.number}"),
}
TRAINING = {
    "training:recipe-new": Crumb("training:recipe-list", _("Write a recipe")),
    "training:recipe-detail": Crumb("training:recipe-list", "{recipe.title}", ("recipe.pk",)),
    "training:recipe-edit": Crumb("training:recipe-detail", _("Change")),
    "training:stage-detail": Crumb("training:recipe-detail", _("Step {stage.pk}"), STAGE),
    "training:stage-labels": Crumb("training:stage-detail", _("Labels"), STAGE),
    "training:stage-agreement": Crumb("training:stage-labels", _("People and judge")),
    "training:stage-items": Crumb("training:stage-detail", _("Items"), STAGE),
    "training:stage-item": Crumb("training:stage-items", _("Item {item.position}"), carries=True),
    "training:stage-prompts": Crumb("training:stage-detail", _("Prompts"), STAGE),
    "training:pair-preview": Crumb("training:stage-prompts", _("One prompt"), carries=True),
    "training:map-new": Crumb("training:map-list", _("New map")),
    "training:map-detail": Crumb("training:map-list", "{map.benchmark.title}", ("map.pk",)),
    "training:cluster-detail": Crumb("training:map-detail", _("Cluster {cluster.number}")),
    "training:training-new": Crumb("training:training-list", _("Start a training run")),
    "training:loop-new": Crumb("training:training-list", _("Start a loop")),
    "training:merge-new": Crumb("training:checkpoint-list", _("Merge two models")),
    "training:training-compare": Crumb("training:training-list", _("Compare")),
    "training:training-detail": Crumb("training:training-list", "{run.title}"),
    "training:loop-detail": Crumb("training:training-list", "{loop.title}"),
    "training:checkpoint-detail": Crumb("training:checkpoint-list", "{checkpoint.model.slug}"),
}
MACHINES = {
    "training:model-new": Crumb("training:model-list", _("Register a model")),
    "training:model-detail": Crumb("training:model-list", "{model.name}", ("model.pk",)),
    "training:model-edit": Crumb("training:model-detail", _("Change")),
    "training:capability-detail": Crumb("training:model-detail", _("General capability {run.pk}")),
    "training:judge-detail": Crumb("training:judge-list", "{row.label}", ("row.pk",)),
    "training:trial-detail": Crumb("training:judge-detail", _("Trial {trial.pk}")),
    "training:deployment-new": Crumb("training:deployment-list", _("Deploy a version")),
    "training:deployment-detail": Crumb("training:deployment-list", "{deployment.slug}", ("deployment.pk",)),
    "training:deployment-switch": Crumb("training:deployment-detail", _("Switch")),
    "training:key-new": Crumb("training:key-list", _("New key")),
    "training:key-detail": Crumb("training:key-list", "{key.name}"),
}
REST = {
    "annotations:person-new": Crumb("annotations:person-list", _("Add a person")),
    "annotations:person-detail": Crumb("annotations:person-list", "{person}", ("person.pk",)),
    "annotations:person-edit": Crumb("annotations:person-detail", _("Change")),
    "annotations:organisation-new": Crumb("annotations:organisation-list", _("Add an organisation")),
    "annotations:organisation-edit": Crumb("annotations:organisation-list", _("Change")),
    "annotations:token-new": Crumb("annotations:token-list", _("New token")),
    "docs-page": Crumb("docs", "{entry.title}"),
}
TREE: dict[str, Crumb] = {
    **{name: Crumb(None, label) for name, label in LISTS.items()},
    **CONFIGS,
    **BENCHMARKS,
    **CAMPAIGNS,
    **RUNS,
    **PREFERENCES,
    **TRAINING,
    **MACHINES,
    **REST,
}
# What a page needs of an ancestor and does not call by that name itself.
BELONGS = {
    "recipe": "stage.recipe",
    "taxonomy": "version.taxonomy",
    "row": "trial.judge",
    "map": "cluster.map",
}
