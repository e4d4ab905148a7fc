"""Where each page lies: its parent, what it is called there, and what of its own objects stands in its address.

A label and the parts of an address are read from what the page shows: `{run.pk}` is the id of its `run`. A page that
is no one's child is a list of the rail or of its tabs and shows no way up.
"""

from typing import NamedTuple


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
    "annotations:config-list": "Configs",
    "annotations:benchmark-list": "Benchmarks",
    "annotations:check-list": "Checks",
    "annotations:rate-list": "Rate",
    "annotations:campaign-list": "Campaigns",
    "annotations:group-list": "Rater groups",
    "annotations:preference-list": "Preference sets",
    "annotations:training-prompts-list": "Training prompts",
    "annotations:taxonomy-list": "Taxonomies",
    "annotations:person-list": "People",
    "annotations:organisation-list": "Organisations",
    "annotations:floor-list": "Floor",
    "annotations:token-list": "Access tokens",
    "training:review-list": "Reviews",
    "training:run-list": "Runs",
    "training:recipe-list": "Recipes",
    "training:map-list": "Maps",
    "training:training-list": "Trainings",
    "training:checkpoint-list": "Checkpoints",
    "training:model-list": "Models",
    "training:judge-list": "Judges",
    "training:deployment-list": "Deployments",
    "training:key-list": "Keys",
    "docs": "Documents",
}
CONFIGS = {
    "annotations:config-new": Crumb("annotations:config-list", "New config"),
    "annotations:config-detail": Crumb("annotations:config-list", "{config.title}", CONFIG),
    "annotations:version-detail": Crumb("annotations:config-detail", "v{version.number}", VERSION),
    **_below("annotations:", "annotations:config-detail", CONFIG, config_edit="Edit", version_list="Versions"),
    "annotations:version-diff": Crumb("annotations:version-list", "v{old.number} → v{new.number}"),
    "annotations:demonstration-list": Crumb("annotations:config-detail", "Demonstrations", CONFIG),
    "annotations:demonstration-edit": Crumb("annotations:demonstration-list", "Edit"),
    **_below("training:", "annotations:version-detail", VERSION, review_detail="Review", version_tests="Tests"),
    "training:config-scores": Crumb("annotations:config-detail", "Scores", CONFIG),
    "training:config-tokens": Crumb("annotations:version-detail", "Length"),
    "annotations:floor-detail": Crumb("annotations:floor-list", "v{version.number}"),
}
BENCHMARKS = {
    "annotations:benchmark-new": Crumb("annotations:benchmark-list", "New benchmark"),
    "annotations:test-set-new": Crumb("annotations:benchmark-list", "New test set"),
    "annotations:benchmark-detail": Crumb("annotations:benchmark-list", "{benchmark.title}", BENCHMARK),
    **_below(
        "annotations:",
        "annotations:benchmark-detail",
        BENCHMARK,
        benchmark_edit="Settings",
        coverage="Coverage",
        prompt_new="Write prompts",
        prompt_paste="Paste prompts",
        similar_list="Similar prompts",
        import_list="Imports",
        benchmark_export="Export",
        release_list="Releases",
    ),
    "annotations:validation": Crumb("annotations:benchmark-detail", "Validation", BENCHMARK),
    "annotations:validation-prompt": Crumb("annotations:validation", "Prompt", carries=True),
    "annotations:prompt-detail": Crumb(
        "annotations:benchmark-detail", "Prompt {prompt.uid}", ("benchmark.pk", "prompt.uid"), carries=True
    ),
    "annotations:prompt-edit": Crumb("annotations:prompt-detail", "Edit"),
    "annotations:similar-detail": Crumb("annotations:similar-list", "Report {report.pk}"),
    "annotations:import-detail": Crumb("annotations:import-list", "{row.name}"),
    "annotations:card-edit": Crumb("annotations:release-list", "Dataset card"),
    "annotations:release-new": Crumb("annotations:release-list", "Freeze a release"),
    "annotations:release-diff": Crumb("annotations:release-list", "{old.name} → {new.name}"),
    "annotations:release-detail": Crumb("annotations:release-list", "{release.name}"),
}
CAMPAIGNS = {
    "annotations:campaign-new": Crumb("annotations:campaign-list", "New campaign"),
    "annotations:campaign-detail": Crumb("annotations:campaign-list", "{campaign.title}", CAMPAIGN),
    **_below(
        "annotations:",
        "annotations:campaign-detail",
        CAMPAIGN,
        campaign_edit="Settings",
        campaign_overlap="Overlap",
        campaign_agreement="Agreement",
        campaign_wellbeing="Wellbeing",
        campaign_upload="Upload responses",
        campaign_export="Export",
        campaign_people="People",
        guideline_list="Guidelines",
        flag_list="Flags",
    ),
    **_below(
        "training:",
        "annotations:campaign-detail",
        CAMPAIGN,
        campaign_pick="Pick responses",
        campaign_results="Results",
    ),
    "training:campaign-differences": Crumb("training:campaign-results", "Differences", CAMPAIGN),
    "training:campaign-difference": Crumb("training:campaign-differences", "Item {item.pk}", carries=True),
    "annotations:campaign-items": Crumb("annotations:campaign-detail", "Items", CAMPAIGN),
    "annotations:item-gold": Crumb("annotations:campaign-items", "Item {item.pk}", carries=True),
    "annotations:adjudication-list": Crumb("annotations:campaign-detail", "Adjudication", CAMPAIGN),
    "annotations:adjudication": Crumb("annotations:adjudication-list", "Item {item.pk}", carries=True),
    "annotations:guideline-new": Crumb("annotations:guideline-list", "New version"),
    "annotations:guideline-detail": Crumb("annotations:guideline-list", "v{version.number}"),
    "annotations:enrolment-edit": Crumb("annotations:campaign-people", "{place.enrolment.rater}"),
    "annotations:group-new": Crumb("annotations:group-list", "New group"),
    "annotations:group-edit": Crumb("annotations:group-list", "{group.name}"),
    "annotations:rate-start": Crumb("annotations:rate-list", "{campaign.title}", CAMPAIGN),
    "annotations:rate-mine": Crumb("annotations:rate-start", "My own", CAMPAIGN),
    "annotations:rate-guideline": Crumb("annotations:rate-start", "Guideline", CAMPAIGN),
}
RUNS = {
    "training:run-new": Crumb("training:run-list", "New evaluation"),
    "training:run-import": Crumb("training:run-list", "Import responses"),
    "training:leaderboard": Crumb("training:run-list", "Leaderboard"),
    "training:run-compare": Crumb("training:run-list", "Compare"),
    "training:run-changes": Crumb("training:run-compare", "What changed", carries=True),
    "training:run-changed": Crumb("training:run-changes", "One prompt", carries=True),
    "training:run-detail": Crumb("training:run-list", "Run {run.pk}", RUN),
    **_below(
        "training:",
        "training:run-detail",
        RUN,
        run_derive="Again",
        run_prompts="What the model was told",
        run_correction="Corrected by people",
    ),
    "training:item-list": Crumb("training:run-detail", "Items", RUN),
    "training:item-detail": Crumb("training:item-list", "Item {item.position}", carries=True),
}
PREFERENCES = {
    "annotations:preference-new": Crumb("annotations:preference-list", "New preference set"),
    "annotations:preference-people": Crumb("annotations:preference-list", "From people"),
    "annotations:preference-detail": Crumb("annotations:preference-list", "{row.title}", SET),
    "annotations:preference-pair": Crumb("annotations:preference-detail", "Pair {pair.number}", carries=True),
    **_below(
        "annotations:",
        "annotations:preference-detail",
        SET,
        preference_card="Card",
        preference_leaks="Leaks",
        preference_shapes="Take away",
    ),
    "annotations:training-prompts-new": Crumb("annotations:training-prompts-list", "New training prompts"),
    "annotations:training-prompts-detail": Crumb("annotations:training-prompts-list", "{prompts.title}"),
    "annotations:taxonomy-new": Crumb("annotations:taxonomy-list", "New taxonomy"),
    "annotations:taxonomy-detail": Crumb("annotations:taxonomy-list", "{taxonomy.title}", ("taxonomy.pk",)),
    "annotations:taxonomy-edit": Crumb("annotations:taxonomy-detail", "Edit"),
    "annotations:taxonomy-version": Crumb("annotations:taxonomy-detail", "v{version.number}"),
}
TRAINING = {
    "training:recipe-new": Crumb("training:recipe-list", "New recipe"),
    "training:recipe-detail": Crumb("training:recipe-list", "{recipe.title}", ("recipe.pk",)),
    "training:recipe-edit": Crumb("training:recipe-detail", "Edit"),
    "training:stage-detail": Crumb("training:recipe-detail", "Step {stage.pk}", STAGE),
    "training:stage-labels": Crumb("training:stage-detail", "Labels", STAGE),
    "training:stage-agreement": Crumb("training:stage-labels", "People and judge"),
    "training:stage-items": Crumb("training:stage-detail", "Items", STAGE),
    "training:stage-item": Crumb("training:stage-items", "Item {item.position}", carries=True),
    "training:stage-prompts": Crumb("training:stage-detail", "Prompts", STAGE),
    "training:pair-preview": Crumb("training:stage-prompts", "One prompt", carries=True),
    "training:map-new": Crumb("training:map-list", "New map"),
    "training:map-detail": Crumb("training:map-list", "{map.benchmark.title}", ("map.pk",)),
    "training:cluster-detail": Crumb("training:map-detail", "Cluster {cluster.number}"),
    "training:training-new": Crumb("training:training-list", "New training"),
    "training:loop-new": Crumb("training:training-list", "New loop"),
    "training:merge-new": Crumb("training:training-list", "New merge"),
    "training:training-compare": Crumb("training:training-list", "Compare"),
    "training:training-detail": Crumb("training:training-list", "{run.title}"),
    "training:loop-detail": Crumb("training:training-list", "{loop.title}"),
    "training:checkpoint-detail": Crumb("training:checkpoint-list", "{checkpoint.model.slug}"),
}
MACHINES = {
    "training:model-new": Crumb("training:model-list", "New model"),
    "training:model-detail": Crumb("training:model-list", "{model.name}", ("model.pk",)),
    "training:model-edit": Crumb("training:model-detail", "Edit"),
    "training:capability-detail": Crumb("training:model-detail", "General capability {run.pk}"),
    "training:judge-detail": Crumb("training:judge-list", "{row.label}", ("row.pk",)),
    "training:trial-detail": Crumb("training:judge-detail", "Trial {trial.pk}"),
    "training:deployment-new": Crumb("training:deployment-list", "New deployment"),
    "training:deployment-detail": Crumb("training:deployment-list", "{deployment.slug}", ("deployment.pk",)),
    "training:deployment-switch": Crumb("training:deployment-detail", "Change"),
    "training:key-new": Crumb("training:key-list", "New key"),
    "training:key-detail": Crumb("training:key-list", "{key.name}"),
}
REST = {
    "annotations:person-new": Crumb("annotations:person-list", "New person"),
    "annotations:person-detail": Crumb("annotations:person-list", "{person}", ("person.pk",)),
    "annotations:person-edit": Crumb("annotations:person-detail", "Edit"),
    "annotations:organisation-new": Crumb("annotations:organisation-list", "New organisation"),
    "annotations:organisation-edit": Crumb("annotations:organisation-list", "Edit"),
    "annotations:token-new": Crumb("annotations:token-list", "New token"),
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
