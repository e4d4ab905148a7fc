"""Who may reach which run and model; people's own objects are in `annotations.access`."""

from collections.abc import Iterable
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from annotations import access
from annotations.models import ConfigVersion, LanguageModel, User
from annotations.models.people import ADMIN, REVIEWER
from training.models import (
    ApiKey,
    CapabilityRun,
    Checkpoint,
    Deployment,
    EvaluationRun,
    Judge,
    JudgeTrial,
    Node,
    PromptMap,
    Recipe,
    Stage,
    TrainingLoop,
    TrainingRun,
)

SomeWork = TypeVar("SomeWork", JudgeTrial, CapabilityRun)
TEXTS = ("version__policy", "version__rules", "version__allowed", "version__note", "floor__text", "floor__note")
FILES = ("figures", "release__data", "release__manifest", "release__card", "release__note")


def runs(user: User) -> QuerySet[EvaluationRun]:
    """The runs the person may read: those of the own organisations, all of them for reviewers and admins."""
    mine = EvaluationRun.objects.filter(organisation__in=access.organisations(user))
    related = mine.select_related("benchmark", "candidate__model", "created_by", "version__config", "floor", "release")
    return related.defer(*TEXTS, *FILES)


def run_for_reader(user: User, pk: int) -> EvaluationRun:
    """The run, or 404."""
    return get_object_or_404(runs(user), pk=pk)


def run_for_operator(user: User, pk: int) -> EvaluationRun:
    """The run of a person who may stop and resume it: 404 for strangers, 403 without the right."""
    run = run_for_reader(user, pk)
    if not access.may_run(user, run.organisation_id):
        raise PermissionDenied
    return run


def run_for_lead(user: User, pk: int) -> EvaluationRun:
    """The run of an organisation whose lead the person is: 404 for strangers, 403 without the right."""
    run = run_for_reader(user, pk)
    if not access.leads(user, run.organisation_id):
        raise PermissionDenied
    return run


def version_to_discuss(user: User, pk: int, number: int) -> ConfigVersion:
    """The version, for a reviewer or somebody who writes in its config: 404 for strangers, 403 without the right."""
    version = access.version_for_reader(user, pk, number)
    if REVIEWER not in access.roles(user) and not access.may_write(user, version.config.organisation_id):
        raise PermissionDenied
    return version


def models() -> QuerySet[LanguageModel]:
    """The models of the registry, archived ones left out."""
    return LanguageModel.objects.filter(archived_at=None)


def model_for_reader(pk: int) -> LanguageModel:
    """The model, or 404."""
    return get_object_or_404(models(), pk=pk)


def may_edit_models(user: User) -> bool:
    """True for admins."""
    return ADMIN in access.roles(user)


def judge_for_reader(pk: int) -> Judge:
    """The judge, or 404. Judges belong to nobody, as models do."""
    return get_object_or_404(Judge.objects.select_related("model"), pk=pk)


def trial_for_reader(pk: int) -> JudgeTrial:
    """The trial of a judge, or 404; its texts are ours, so that everybody may read how a judge did."""
    return get_object_or_404(JudgeTrial.objects.select_related("judge__model", "created_by"), pk=pk)


def trial_for_operator(user: User, pk: int) -> JudgeTrial:
    """The trial, for a person who may stop it; 403 without the right."""
    trial = trial_for_reader(pk)
    if not access.may_run(user, trial.organisation_id):
        raise PermissionDenied
    return trial


def capability_run_for_reader(model: LanguageModel, pk: int) -> CapabilityRun:
    """The model's run on tasks of general capability, or 404. It says nothing of anybody's configs or prompts."""
    return get_object_or_404(CapabilityRun.objects.select_related("created_by"), model=model, pk=pk)


def signed(user: User, works: Iterable[SomeWork]) -> list[SomeWork]:
    """The trials or runs of capability, each with its `maker` as this person may know them: strangers have no name."""
    rows = list(works)
    mine = set(access.organisations(user).values_list("pk", flat=True)) if rows else set()
    for row in rows:
        known = str(row.created_by) if row.organisation_id in mine else "somebody of another organisation"
        row.maker = known if row.created_by else "the command line"  # type: ignore[attr-defined]
    return rows


def recipes(user: User) -> QuerySet[Recipe]:
    """The recipes the person may read, archived ones left out."""
    mine = Recipe.objects.filter(organisation__in=access.organisations(user), archived_at=None)
    return mine.select_related("organisation", "benchmark", "taxonomy__taxonomy", "created_by")


def recipe_for_reader(user: User, pk: int) -> Recipe:
    """The recipe, or 404."""
    return get_object_or_404(recipes(user), pk=pk)


def recipe_for_operator(user: User, pk: int) -> Recipe:
    """The recipe of a person who may change and launch it: 404 for strangers, 403 without the right."""
    recipe = recipe_for_reader(user, pk)
    if not access.may_run(user, recipe.organisation_id):
        raise PermissionDenied
    return recipe


def stage_for_reader(user: User, pk: int, stage: int) -> Stage:
    """A stage of a recipe the person may read, or 404."""
    stages = Stage.objects.filter(recipe=recipe_for_reader(user, pk))
    return get_object_or_404(stages.select_related("recipe__benchmark", "taxonomy__taxonomy", "after"), pk=stage)


def stage_for_operator(user: User, pk: int, stage: int) -> Stage:
    """A stage of a recipe the person may launch: 404 for strangers, 403 without the right."""
    recipe_for_operator(user, pk)
    return stage_for_reader(user, pk, stage)


def maps(user: User) -> QuerySet[PromptMap]:
    """The maps of prompts the person may read, without their points."""
    mine = PromptMap.objects.filter(organisation__in=access.organisations(user))
    return mine.select_related("organisation", "benchmark", "taxonomy", "embedder", "created_by").defer("points")


def map_for_reader(user: User, pk: int) -> PromptMap:
    """The map, or 404."""
    return get_object_or_404(maps(user), pk=pk)


def map_for_author(user: User, pk: int) -> PromptMap:
    """The map of a person who may sort its clusters: 404 for strangers, 403 without the right."""
    found = map_for_reader(user, pk)
    if not access.may_run(user, found.organisation_id):
        raise PermissionDenied
    return found


def trainings(user: User) -> QuerySet[TrainingRun]:
    """The training runs the person may read, archived ones left out."""
    mine = TrainingRun.objects.filter(organisation__in=access.organisations(user), archived_at=None)
    return mine.select_related("organisation", "base", "other", "preference_set", "node", "loop", "created_by")


def training_for_reader(user: User, pk: int) -> TrainingRun:
    """The training run, or 404."""
    return get_object_or_404(trainings(user), pk=pk)


def training_for_operator(user: User, pk: int) -> TrainingRun:
    """The training run of a person who may launch and stop it, an admin: 404 for strangers, 403 without the right."""
    found = training_for_reader(user, pk)
    if not may_train(user):
        raise PermissionDenied
    return found


def may_train(user: User) -> bool:
    """True for admins."""
    return ADMIN in access.roles(user)


def loops(user: User) -> QuerySet[TrainingLoop]:
    """The loops of training and evaluation the person may read, archived ones left out."""
    mine = TrainingLoop.objects.filter(organisation__in=access.organisations(user), archived_at=None)
    return mine.select_related("organisation", "base", "preference_set", "node", "benchmark", "release", "created_by")


def loop_for_reader(user: User, pk: int) -> TrainingLoop:
    """The loop, or 404."""
    return get_object_or_404(loops(user), pk=pk)


def loop_for_operator(user: User, pk: int) -> TrainingLoop:
    """The loop of a person who may launch and stop it, an admin: 404 for strangers, 403 without the right."""
    found = loop_for_reader(user, pk)
    if not may_train(user):
        raise PermissionDenied
    return found


def checkpoints(user: User) -> QuerySet[Checkpoint]:
    """The checkpoints of the training runs the person may read, those of archived models too."""
    mine = Checkpoint.objects.filter(run__organisation__in=access.organisations(user))
    return mine.select_related("model", "run__base", "run__other", "run__preference_set", "run__node", "promoted_by")


def checkpoint_for_reader(user: User, pk: int) -> Checkpoint:
    """The checkpoint, or 404."""
    return get_object_or_404(checkpoints(user), pk=pk)


def checkpoint_for_operator(user: User, pk: int) -> Checkpoint:
    """The checkpoint, for an admin who may promote and archive it: 404 for strangers, 403 without the right."""
    found = checkpoint_for_reader(user, pk)
    if not may_train(user):
        raise PermissionDenied
    return found


def nodes() -> QuerySet[Node]:
    """The machines that train and serve. They belong to nobody, as models do; forgotten ones are left out."""
    return Node.objects.filter(archived_at=None)


def node_for_reader(pk: int) -> Node:
    """The node, or 404."""
    return get_object_or_404(nodes(), pk=pk)


def deployments(user: User) -> QuerySet[Deployment]:
    """The deployments the person may read, retired ones too: those of the own organisations, all for the provider."""
    mine = Deployment.objects.filter(organisation__in=access.organisations(user))
    return mine.select_related("organisation", "version__config", "candidate__model", "created_by", "retired_by")


def deployment_for_reader(user: User, pk: int) -> Deployment:
    """The deployment, or 404."""
    return get_object_or_404(deployments(user), pk=pk)


def deployment_for_admin(user: User, pk: int) -> Deployment:
    """The deployment of a person who may change and retire it: 404 for strangers, 403 for all but admins."""
    deployment = deployment_for_reader(user, pk)
    access.require(user, ADMIN)
    return deployment


def may_give_keys(user: User, organisation_id: int) -> bool:
    """True for admins, and for leads of that organisation."""
    return ADMIN in access.roles(user) or access.leads(user, organisation_id)


def deployment_for_key_giver(user: User, pk: int) -> Deployment:
    """The deployment of a person who may give keys to it: 404 for strangers, 403 without the right."""
    deployment = deployment_for_reader(user, pk)
    if not may_give_keys(user, deployment.organisation_id):
        raise PermissionDenied
    return deployment


def api_keys(user: User) -> QuerySet[ApiKey]:
    """The keys the person may see, without their secrets: those of the own organisations, all for the provider."""
    mine = ApiKey.objects.filter(organisation__in=access.organisations(user))
    return mine.select_related("organisation", "deployment", "created_by", "revoked_by")


def api_key_for_reader(user: User, pk: int) -> ApiKey:
    """The key, or 404; without its secret, which nobody has."""
    return get_object_or_404(api_keys(user), pk=pk)


def api_key_for_holder(user: User, pk: int) -> ApiKey:
    """The key of a person who may change and revoke it: 404 for strangers, 403 without the right."""
    key = api_key_for_reader(user, pk)
    if not may_give_keys(user, key.organisation_id):
        raise PermissionDenied
    return key
