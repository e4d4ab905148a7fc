"""Who may reach what. Every object a page touches comes from here, or the answer is 404; a missing right is 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from annotations.models import (
    Benchmark,
    ConfigVersion,
    Membership,
    Organisation,
    PreferenceSet,
    Prompt,
    SafetyConfig,
    Taxonomy,
    User,
)
from annotations.models.benchmarks import EVALUATION, TRAINING
from annotations.models.people import ADMIN, ANNOTATOR, EXPERT, LEAD, REVIEWER
from annotations.prepared import Given, Prepared

AUTHORS = frozenset({EXPERT, LEAD})
RATERS = AUTHORS | {ANNOTATOR}
WATCHERS = frozenset({REVIEWER, ADMIN})
WORKERS = AUTHORS | WATCHERS

View = Callable[..., HttpResponseBase]
_ROLES = Prepared(lambda: Membership.objects.filter(user=Given("user")).order_by().values_list("role"))


def roles(user: User) -> frozenset[str]:
    """The roles the person holds in any organisation; one query per request. A superuser is an admin."""
    if not hasattr(user, "_roles"):
        held = {role for (role,) in _ROLES.rows(user=user.pk)}
        user._roles = frozenset(held | ({ADMIN} if user.is_superuser else set()))  # type: ignore[attr-defined]
    return user._roles  # type: ignore[attr-defined, no-any-return]


def sees_all(user: User) -> bool:
    """True for the provider's side: reviewers and admins."""
    return bool(roles(user) & WATCHERS)


def organisations(user: User) -> QuerySet[Organisation]:
    """The organisations whose configs, benchmarks and runs the person works with."""
    return Organisation.objects.all() if sees_all(user) else organisations_to_write_in(user)


def organisations_known(user: User) -> QuerySet[Organisation]:
    """The organisations the person belongs to in any role, all for the provider's side."""
    mine = Membership.objects.filter(user=user).values("organisation")
    return Organisation.objects.all() if sees_all(user) else Organisation.objects.filter(pk__in=mine)


def configs(user: User) -> QuerySet[SafetyConfig]:
    """The configs the person may read, archived ones left out."""
    return SafetyConfig.objects.filter(organisation__in=organisations(user), archived_at=None)


def benchmarks(user: User) -> QuerySet[Benchmark]:
    """The benchmarks the person may read, archived ones left out."""
    return Benchmark.objects.filter(organisation__in=organisations(user), archived_at=None, purpose=EVALUATION)


def training_prompts(user: User) -> QuerySet[Benchmark]:
    """The sets of training prompts the person may read, archived ones left out."""
    mine = Benchmark.objects.filter(organisation__in=organisations(user), archived_at=None, purpose=TRAINING)
    return mine.select_related("organisation", "created_by")


def training_prompts_for_reader(user: User, pk: int) -> Benchmark:
    """The set of training prompts, or 404."""
    return get_object_or_404(training_prompts(user), pk=pk)


def training_prompts_for_author(user: User, pk: int) -> Benchmark:
    """The set of training prompts of a person who may change it: 404 for strangers, 403 without the right."""
    found = training_prompts_for_reader(user, pk)
    if not may_run(user, found.organisation_id):
        raise PermissionDenied
    return found


def taxonomies(user: User) -> QuerySet[Taxonomy]:
    """The taxonomies the person may read, archived ones left out."""
    mine = Taxonomy.objects.filter(organisation__in=organisations(user), archived_at=None)
    return mine.select_related("organisation", "created_by")


def taxonomy_for_reader(user: User, pk: int) -> Taxonomy:
    """The taxonomy, or 404."""
    return get_object_or_404(taxonomies(user), pk=pk)


def taxonomy_for_author(user: User, pk: int) -> Taxonomy:
    """The taxonomy of a person who may change it: 404 for strangers, 403 without the right."""
    found = taxonomy_for_reader(user, pk)
    if not may_run(user, found.organisation_id):
        raise PermissionDenied
    return found


def config_for_reader(user: User, pk: int) -> SafetyConfig:
    """The config, or 404."""
    return get_object_or_404(configs(user).select_related("organisation"), pk=pk)


def version_for_reader(user: User, pk: int, number: int) -> ConfigVersion:
    """Version `number` of a config the person may read, or 404."""
    versions = ConfigVersion.objects.select_related("config__organisation", "created_by")
    return get_object_or_404(versions, config=config_for_reader(user, pk), number=number)


def may_write(user: User, organisation_id: int) -> bool:
    """True for experts and leads of that organisation."""
    return Membership.objects.filter(user=user, organisation=organisation_id, role__in=AUTHORS).exists()


def organisations_to_write_in(user: User) -> QuerySet[Organisation]:
    """The organisations in which the person writes configs."""
    mine = Membership.objects.filter(user=user, role__in=AUTHORS)
    return Organisation.objects.filter(pk__in=mine.values("organisation"))


def config_for_author(user: User, pk: int) -> SafetyConfig:
    """The config of a person who may write in it: 404 for strangers, 403 without the right."""
    config = config_for_reader(user, pk)
    if not may_write(user, config.organisation_id):
        raise PermissionDenied
    return config


def version_for_author(user: User, pk: int, number: int) -> ConfigVersion:
    """Version `number` of a config the person may write in: 404 for strangers, 403 without the right."""
    config_for_author(user, pk)
    return version_for_reader(user, pk, number)


def version_for_reviewer(user: User, pk: int, number: int) -> ConfigVersion:
    """Version `number` of a config, for a reviewer: 404 when there is none, 403 without the right."""
    version = version_for_reader(user, pk, number)
    require(user, REVIEWER)
    return version


def versions(user: User) -> QuerySet[ConfigVersion]:
    """The versions the person may read, those of archived configs left out."""
    return ConfigVersion.objects.filter(config__in=configs(user)).select_related("config__organisation")


def benchmarks_to_write_in(user: User) -> QuerySet[Benchmark]:
    """The benchmarks whose prompts the person writes: those of the own organisations, all of them for admins."""
    if ADMIN in roles(user):
        return benchmarks(user)
    return benchmarks(user).filter(organisation__in=organisations_to_write_in(user))


def benchmark_for_author(user: User, pk: int) -> Benchmark:
    """The benchmark of a person who may write prompts in it: 404 for strangers, 403 without the right."""
    benchmark = benchmark_for_reader(user, pk)
    if not may_run(user, benchmark.organisation_id):
        raise PermissionDenied
    return benchmark


def archived_benchmarks(user: User) -> QuerySet[Benchmark]:
    """The archived benchmarks that the person may put back."""
    mine = Benchmark.objects.filter(organisation__in=organisations_for_benchmarks(user), purpose=EVALUATION)
    return mine.exclude(archived_at=None).select_related("organisation").order_by("title", "pk")


def organisations_for_benchmarks(user: User) -> QuerySet[Organisation]:
    """The organisations in which the person makes benchmarks: the own ones, all of them for admins."""
    return Organisation.objects.all() if ADMIN in roles(user) else organisations_to_write_in(user)


def benchmark_to_put_back(user: User, pk: int) -> Benchmark:
    """The benchmark, archived or not, of a person who writes in it: 404 for strangers, 403 without the right."""
    benchmark = get_object_or_404(Benchmark, pk=pk, organisation__in=organisations(user), purpose=EVALUATION)
    if not may_run(user, benchmark.organisation_id):
        raise PermissionDenied
    return benchmark


def benchmark_for_lead(user: User, pk: int) -> Benchmark:
    """The benchmark of an organisation whose lead the person is: 404 for strangers, 403 without the right."""
    benchmark = benchmark_for_reader(user, pk)
    if not leads(user, benchmark.organisation_id):
        raise PermissionDenied
    return benchmark


def leads(user: User, organisation_id: int) -> bool:
    """True for leads of that organisation."""
    return Membership.objects.filter(user=user, organisation=organisation_id, role=LEAD).exists()


def benchmarks_to_check(user: User) -> QuerySet[Benchmark]:
    """The benchmarks whose prompts the person may label: those of the organisations they write or rate for."""
    mine = Membership.objects.filter(user=user, role__in=RATERS)
    return Benchmark.objects.filter(organisation__in=mine.values("organisation"), archived_at=None, purpose=EVALUATION)


def benchmark_for_rater(user: User, pk: int) -> Benchmark:
    """The benchmark whose prompts the person may label, or 404."""
    return get_object_or_404(benchmarks_to_check(user).select_related("organisation"), pk=pk)


def benchmark_for_reader(user: User, pk: int) -> Benchmark:
    """The benchmark, or 404."""
    return get_object_or_404(benchmarks(user).select_related("organisation"), pk=pk)


def prompt_for_reader(user: User, pk: int, uid: UUID) -> Prompt:
    """The newest wording of a prompt of a benchmark the person may read, also of one taken out; or 404."""
    benchmark = benchmark_for_reader(user, pk)
    wordings = benchmark.prompts.filter(uid=uid, pending=False).select_related("config__organisation", "created_by")
    newest: Prompt = one_or_404(wordings.order_by("-pk"))
    newest.benchmark = benchmark
    return newest


def prompt_for_author(user: User, pk: int, uid: UUID) -> Prompt:
    """The newest wording of a prompt the person may change: 404 for strangers, 403 without the right."""
    benchmark_for_author(user, pk)
    return prompt_for_reader(user, pk, uid)


def may_run(user: User, organisation_id: int) -> bool:
    """True for admins, and for experts and leads of that organisation."""
    if ADMIN in roles(user):
        return True
    return Membership.objects.filter(user=user, organisation=organisation_id, role__in=AUTHORS).exists()


def preference_sets(user: User) -> QuerySet[PreferenceSet]:
    """The preference sets the person may read, archived ones left out."""
    mine = PreferenceSet.objects.filter(organisation__in=organisations(user), archived_at=None)
    return mine.select_related("organisation", "created_by")


def preference_set_for_reader(user: User, pk: int) -> PreferenceSet:
    """The preference set, or 404."""
    return get_object_or_404(preference_sets(user), pk=pk)


def preference_set_for_author(user: User, pk: int) -> PreferenceSet:
    """The preference set of a person who may bring some in: 404 for strangers, 403 without the right."""
    row = preference_set_for_reader(user, pk)
    if not may_run(user, row.organisation_id):
        raise PermissionDenied
    return row


def person_for_admin(pk: int) -> User:
    """The person, active or not, or 404."""
    return get_object_or_404(User, pk=pk)


def organisation_for_admin(pk: int) -> Organisation:
    """The organisation, or 404."""
    return get_object_or_404(Organisation, pk=pk)


def require(user: User, *needed: str) -> None:
    """Nothing for a person with one of the roles. Raises PermissionDenied otherwise."""
    if not roles(user) & set(needed):
        raise PermissionDenied


def for_roles(*needed: str) -> Callable[[View], View]:
    """A view that asks for a log-in and then for one of the roles (403 without)."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, *needed)  # type: ignore[arg-type]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def one_or_404(queryset: QuerySet[Any], **by: Any) -> Any:
    """The one row of an already limited queryset, or 404."""
    row = queryset.filter(Q(**by)).first()
    if row is None:
        raise Http404
    return row
