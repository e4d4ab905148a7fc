"""Pages that begin behind a row: every row once, in every order, and new rows move nothing."""

from datetime import timedelta

import pytest
from django.core import signing
from django.db.models import F
from django.db.models.functions import Lower
from django.test import RequestFactory
from django.utils import timezone

from annotations import keyset
from annotations.models import Organisation, Prompt
from tests.factories import make_benchmark, make_config, make_organisation, make_prompt

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ORDERS = (
    ("pk",),
    ("-pk",),
    ("kind", "-position"),
    ("-kind", "language"),
    ("archived_at", "kind"),
    ("-archived_at", "-pk"),
    (F("archived_at").desc(nulls_last=True), "kind"),
    (F("archived_at").asc(nulls_first=True), "-position"),
    ("config__title", "-created_at"),
    ("config", "-situation"),
)


def ask(rows, size=3, **query):
    return keyset.page(RequestFactory().get("/prompts", query), rows, size)


def walk(rows, size=3):
    page, found = ask(rows, size), []
    while True:
        found.append([row.pk for row in page])
        if not page.next:
            return found
        page = ask(rows, size, after=page.next)


def back(rows, size=3):
    page, found = ask(rows, size, before=""), []
    while True:
        found.append([row.pk for row in page])
        if not page.previous:
            return found
        page = ask(rows, size, before=page.previous)


@pytest.fixture
def prompts():
    """Eleven prompts of two configs: three kinds, some archived at two moments, some with a situation."""
    now, kinds = timezone.now(), ("safe", "partial", "allowed")
    for n in range(11):
        gone = now - timedelta(days=n % 2) if n % 3 == 1 else None
        fields = {"kind": kinds[n % 3], "archived_at": gone, "situation": (None, 1, 2)[n % 3]}
        make_prompt(benchmark=make_benchmark(), config=make_config(f"c{n % 2}"), language=f"l{n % 4}", **fields)
    return Prompt.objects.all()


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_the_pages_hold_every_row_once_in_the_order_both_ways(prompts, order):
    rows = prompts.order_by(*order)
    steps = keyset.steps(rows)
    whole = list(rows.order_by(*(step.ordering for step in steps)).values_list("pk", flat=True))
    assert sum(walk(rows), []) == whole
    assert [pk for part in reversed(back(rows)[:-1]) for pk in part] == whole[2:]


def test_going_back_to_the_beginning_shows_a_whole_first_page(prompts):
    rows = prompts.order_by("pk")
    assert back(rows)[-1] == walk(rows)[0]


def test_a_new_row_before_the_page_moves_nothing(prompts):
    rows = prompts.order_by("-pk")
    first = ask(rows)
    expected = [row.pk for row in ask(rows, after=first.next)]
    make_prompt(benchmark=make_benchmark(), config=make_config("c0"))
    assert [row.pk for row in ask(rows, after=first.next)] == expected


def test_a_page_behind_which_every_row_has_gone_is_the_first(prompts):
    rows = prompts.order_by("pk")
    behind = ask(rows, size=9).next
    few = rows.filter(pk__lte=rows[4].pk)
    assert [row.pk for row in ask(few, after=behind)] == [row.pk for row in few[:3]]


@pytest.mark.parametrize("asked", [{"after": "x"}, {"before": "x"}, {"after": ""}, {"page": "2"}])
def test_a_cursor_that_nobody_gave_is_the_first_page(prompts, asked):
    page = ask(prompts.order_by("pk"), **asked)
    assert [row.pk for row in page] == [row.pk for row in prompts.order_by("pk")[:3]] and not page.previous


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_of_other_values_or_of_another_list_is_the_first_page(prompts, way):
    rows = prompts.order_by("pk")
    first, given = ask(rows), ask(rows).next
    forged = signing.dumps([first.object_list[-1].pk + 4]).split(":")[0] + given[given.index(":") :]
    elsewhere = keyset.page(RequestFactory().get("/models"), rows, 3).next
    for cursor in (forged, elsewhere):
        assert [row.pk for row in ask(rows, **{way: cursor})] == [row.pk for row in first]
    assert [row.pk for row in ask(rows, after=given)] != [row.pk for row in first]


def test_a_cursor_of_another_order_is_the_first_page(prompts):
    cursor = ask(prompts.order_by("kind")).next
    page = ask(prompts.order_by("-position"), after=cursor)
    assert [row.pk for row in page] == [row.pk for row in prompts.order_by("-position")[:3]]


def test_a_list_that_fits_is_not_counted(prompts, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = ask(prompts.order_by("pk"), size=11)
    assert (page.count, page.more, page.has_other_pages) == (11, False, False)


def test_a_list_is_counted_up_to_a_bound(prompts, monkeypatch):
    monkeypatch.setattr(keyset, "MOST_COUNTED", 10)
    page = ask(prompts.order_by("pk"))
    assert (page.count, page.more) == (10, True)


def test_an_own_order_of_the_table_is_kept(prompts):
    for slug in "cab":
        make_organisation(f"own-{slug}")
    rows = Organisation.objects.filter(slug__startswith="own")
    assert [row.slug for row in ask(rows)] == ["own-a", "own-b", "own-c"]


def test_an_order_that_no_row_holds_is_refused(prompts):
    with pytest.raises(TypeError, match="ordered by fields and annotations"):
        ask(prompts.order_by(Lower("text")))


def test_rows_of_values_have_pages_too(prompts):
    rows = prompts.order_by("kind").values("pk", "kind")
    second = ask(rows, after=ask(rows).next)
    assert [row["pk"] for row in second] == walk(prompts.order_by("kind"))[1]
