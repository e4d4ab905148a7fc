"""Recipes: the list, the form, one recipe with its pipeline, and the button that launches it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.core.recipe import RecipeSettings
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.tasks import hint
from annotations.web import page_or_fragment, paged, refused, wants_fragment
from training import access, recipe_queries, recipe_words
from training.forms.recipe_choices import as_is, first_choices
from training.forms.recipe_launch import LaunchForm
from training.forms.recipes import RecipeForm
from training.models import Recipe
from training.services.building import recipes
from training.services.building.estimate import estimate
from training.services.building.presets import PRESETS
from training.services.building.recipes import RecipeProblem

FORM = "training/recipe_form.html"


@require_safe
@for_roles(*WORKERS)
def recipe_list(request: HttpRequest) -> HttpResponse:
    """The recipes the person may read, newest first."""
    user = cast(User, request.user)
    found = recipe_queries.listed(access.recipes(user)).order_by("-pk")
    context = {"page": paged(request, found, size=25), "may_write": _may_write(user)}
    return render(request, "training/recipe_list.html", context)


def _may_write(user: User) -> bool:
    return people_access.organisations_for_benchmarks(user).exists()


@require_http_methods(["GET", "POST"])
@for_roles(EXPERT, LEAD, ADMIN)
def recipe_new(request: HttpRequest) -> HttpResponse:
    """Write a recipe: from the beginning, or from a preset."""
    user = cast(User, request.user)
    if request.method == "GET":
        return render(request, FORM, _form_page(RecipeForm(user, initial=_first(request))))
    form = RecipeForm(user, request.POST)
    recipe = _kept(form, lambda told: recipes.create(actor=user, **told))
    if recipe is None:
        return refused(request, FORM, _form_page(form))
    return redirect("training:recipe-detail", recipe.pk)


def _first(request: HttpRequest) -> dict[str, Any]:
    name = request.GET.get("preset", "")
    settings = PRESETS[name].settings() if name in PRESETS else RecipeSettings()
    benchmark = whole_number(request.GET.get("benchmark", ""))
    return first_choices(settings) | ({} if benchmark is None else {"benchmark": benchmark})


def _form_page(form: RecipeForm, recipe: Recipe | None = None, revision: str = "") -> dict[str, Any]:
    now = str(recipe.revision) if recipe else ""
    return {"form": form, "recipe": recipe, "presets": PRESETS, "revision": revision or now}


def _kept(form: RecipeForm, keep: Any) -> Any:
    """What `keep` makes of a valid form; None with the reason in the form."""
    if not form.is_valid():
        return None
    try:
        return keep(form.told())
    except RecipeProblem as problem:
        form.add_error(None, str(problem))
        return None


@require_http_methods(["GET", "POST"])
@for_roles(*WORKERS)
def recipe_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a recipe; what was launched keeps the settings it was launched with."""
    user = cast(User, request.user)
    recipe = access.recipe_for_operator(user, pk)
    if request.method == "GET":
        chosen = as_is(recipe)
        if (name := request.GET.get("preset", "")) in PRESETS:
            chosen |= first_choices(PRESETS[name].settings())
        return render(request, FORM, _form_page(RecipeForm(user, recipe=recipe, initial=chosen), recipe))
    form = RecipeForm(user, request.POST, recipe=recipe, initial=as_is(recipe))
    seen = whole_number(request.POST.get("revision", ""))
    revision = -1 if seen is None else seen
    if _kept(form, lambda told: _edited(recipe, user, revision, told)) is None:
        return refused(request, FORM, _form_page(form, recipe, str(revision)))
    messages.success(
        request, gettext("The recipe is changed. Steps that were started keep what they were started with.")
    )
    return redirect("training:recipe-detail", recipe.pk)


def _edited(recipe: Recipe, user: User, revision: int, told: dict[str, Any]) -> Recipe:
    recipes.edit(recipe=recipe, actor=user, revision=revision, **told)
    return recipe


@require_safe
@for_roles(*WORKERS)
def recipe_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the pipeline stands, step by step; htmx asks for that alone while one is at work."""
    user = cast(User, request.user)
    recipe = access.recipe_for_reader(user, pk)
    line = recipe_queries.pipeline(recipe)
    moved = request.GET.get("known", line.known) != line.known
    context: dict[str, Any] = {"recipe": recipe, "line": line, "moved": moved}
    if not wants_fragment(request):
        context |= {"may_operate": people_access.may_run(user, recipe.organisation_id)}
        context |= {"launch": LaunchForm(recipe, initial=_asked(request)), "settings": recipe_words.of_recipe(recipe)}
        context |= {"prompts_url": recipe_queries.prompts_url(recipe)}
    return page_or_fragment(request, "training/recipe_detail.html", "training/_recipe_live.html", context)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The launch that a link asks for: go on from this step."""
    after = whole_number(request.GET.get("after", ""))
    asked = {"step": request.GET.get("step", ""), "after": after}
    return {name: value for name, value in asked.items() if value}


@require_POST
@for_roles(*WORKERS)
def recipe_estimate(request: HttpRequest, pk: int) -> HttpResponse:
    """What a launch would take, step by step; nothing is stored. htmx gets the estimate alone."""
    recipe = access.recipe_for_operator(cast(User, request.user), pk)
    form = LaunchForm(recipe, request.POST)
    context: dict[str, Any] = {"recipe": recipe, "launch": form, "asked": True}
    if form.is_valid():
        try:
            context["estimate"] = estimate(recipe, **form.chain())
        except RecipeProblem as problem:
            form.add_error(None, str(problem))
    answer = page_or_fragment(request, "training/recipe_estimate.html", "training/_recipe_estimate.html", context)
    answer.status_code = 200 if "estimate" in context else 422
    return answer


@require_POST
@for_roles(*WORKERS)
def recipe_launch(request: HttpRequest, pk: int) -> HttpResponse:
    """Launch the recipe from one step to another."""
    user = cast(User, request.user)
    recipe = access.recipe_for_operator(user, pk)
    form = LaunchForm(recipe, request.POST)
    if form.is_valid():
        try:
            hint(recipes.launch(recipe=recipe, actor=user, seen=form.cleaned_data["seen"], **form.chain()))
        except RecipeProblem as problem:
            messages.error(request, str(problem))
    for problems in form.errors.values():
        messages.error(request, " ".join(map(str, problems)))
    return redirect("training:recipe-detail", recipe.pk)


@require_POST
@for_roles(*WORKERS)
def recipe_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a recipe out of every list; what it has built stays."""
    recipe = access.recipe_for_operator(cast(User, request.user), pk)
    try:
        recipes.archive(recipe=recipe, actor=cast(User, request.user))
    except RecipeProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:recipe-detail", recipe.pk)
    messages.success(
        request, gettext("“%(value)s” is archived. What it has built stays.") % {"value": recipe.title[:80]}
    )
    return redirect("training:recipe-list")
