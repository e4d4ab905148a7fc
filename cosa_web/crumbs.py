"""The way up from a page: the pages above it, each a link, and the page itself."""

from typing import Any, NamedTuple

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from cosa_web.crumb_tree import BELONGS, TREE, Crumb

register = template.Library()


class Step(NamedTuple):
    """One page of the way; the last one has no address, since one is there."""

    label: str
    url: str


class _Shown(dict[str, Any]):
    """What the page shows, by name."""

    def __init__(self, context: template.Context):
        super().__init__()
        self.context = context

    def __missing__(self, name: str) -> Any:
        found = self.context.get(name)
        if found is None and name in BELONGS:
            found = self.at(BELONGS[name])
        if found is None:
            raise KeyError(name)
        return found

    def at(self, path: str) -> Any:
        """What stands at `run.pk`. Raises KeyError or AttributeError where nothing does."""
        first, *rest = path.split(".")
        found = self[first]
        for name in rest:
            found = getattr(found, name)
        return found


@register.simple_tag(takes_context=True)
def crumbs(context: template.Context) -> list[Step]:
    """The way to the page that is being shown, from the top; empty for a page that is nobody's child.

    What the page does not show, an error page for one, is left out.
    """
    request = context.get("request")
    match = request.resolver_match if request else None
    here = TREE.get(match.view_name) if match else None
    if here is None or here.parent is None:
        return []
    shown = _Shown(context)
    way = [step for step in [_step(shown, "", here)] if step]
    asked, page = request.GET.urlencode(), here
    while page.parent is not None:
        asked, name = asked if page.carries else "", page.parent
        page = TREE[name]
        if step := _step(shown, name, page):
            way.append(step._replace(url=f"{step.url}?{asked}") if asked else step)
    return way[::-1] if len(way) > 1 else []


def _step(shown: _Shown, name: str, page: Crumb) -> Step | None:
    """The page as a step; None when what it is called by is not shown."""
    try:
        url = reverse(name, args=[shown.at(part) for part in page.parts]) if name else ""
        return Step(gettext(page.label).format_map(shown), url)
    except (KeyError, AttributeError, NoReverseMatch):
        return None
