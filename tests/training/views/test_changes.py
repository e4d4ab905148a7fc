"""The items that changed between two runs, and the reader that shows one of them side by side."""

import pytest
from django.urls import reverse

from annotations.models import Response
from tests.compared import FAILED, FULL, HARM, REFUSED, UNSCORED, rate, two_runs
from tests.factories import make_candidate, make_config, make_prompt, make_run, make_version
from training.models import Judgement, RunItem

pytestmark = pytest.mark.django_db


def listed(client, base, run, **query) -> str:
    """The list of what changed, as text."""
    response = client.get(reverse("training:run-changes"), {"run": [base.pk, run.pk]} | query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def opened(client, base, run, place: int, **query) -> str:
    """The reader of the prompt at that place of the base, from 1."""
    prompt = base.items.order_by("position")[place - 1].prompt_id
    response = client.get(reverse("training:run-changed", args=[prompt]), {"run": [base.pk, run.pk]} | query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def prompts(base) -> list[str]:
    return [item.prompt.text for item in base.items.order_by("position")]


def test_only_what_changed_is_listed_the_worst_first(as_person):
    base, run = two_runs([FULL, REFUSED, FULL, FULL], [FULL, FULL, HARM, REFUSED])
    html = listed(as_person("ada"), base, run)
    same, better, worst, worse = prompts(base)
    assert same not in html and html.index(worst) < html.index(worse) < html.index(better)
    assert "−1.80" in html and "+1.00" in html


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({"change": "to_unsafe"}, {3}),
        ({"change": "to_unhelpful"}, {4}),
        ({"change": "to_helpful"}, {2}),
        ({"change": "fell"}, {3, 4}),
        ({"kind": "allowed"}, {2}),
        ({"kind": "nonsense", "change": "nonsense"}, {2, 3, 4}),
        ({"config": "999999"}, set()),
    ],
)
def test_the_list_is_filtered(as_person, wanted, places):
    base, run = two_runs([FULL, REFUSED, FULL, FULL], [FULL, FULL, HARM, REFUSED])
    html = listed(as_person("ada"), base, run, **wanted)
    assert {at for at, text in enumerate(prompts(base), start=1) if text in html} == places


def test_items_without_a_pair_are_listed_last_with_where_they_stand(as_person):
    base, run = two_runs([FULL, FULL, UNSCORED], [FAILED, HARM, FULL])
    make_prompt("Only in the later run?", config=make_config(), benchmark=base.benchmark)
    later = rate(make_run(0, candidate=make_candidate(seed=7)), [FAILED, HARM, FULL, FULL])
    html = listed(as_person("ada"), base, later)
    assert html.index(prompts(base)[1]) < html.index(prompts(base)[0]) < html.index("Only in the later run?")
    assert "not in it" in html
    assert "Only in the later run?" in listed(as_person("ada"), base, later, change="only")
    assert prompts(base)[1] not in listed(as_person("ada"), base, run, change="unscored")


def test_nothing_changed_is_said(as_person):
    assert "No item changed" in listed(as_person("ada"), *two_runs([FULL], [FULL]))


def test_a_filter_that_fits_nothing_leads_back_to_every_change(as_person):
    html = listed(as_person("ada"), *two_runs([FULL], [HARM]), change="rose")
    assert "No item matches these filters." in html


def test_htmx_gets_the_list_alone(as_person):
    base, run = two_runs([FULL], [HARM])
    response = as_person("ada").get(
        reverse("training:run-changes"), {"run": [base.pk, run.pk]}, headers={"HX-Request": "true"}
    )
    assert "<body" not in response.content.decode()


@pytest.mark.parametrize("asked", [[], ["one"], ["one", "two", "three"]])
def test_the_list_needs_exactly_two_runs(as_person, asked):
    base, run = two_runs([FULL], [HARM])
    third = rate(make_run(0, candidate=make_candidate(seed=7)), [FULL])
    ids = [one.pk for one, _ in zip((base, run, third), asked, strict=False)]
    response = as_person("ada").get(reverse("training:run-changes"), {"run": ids})
    assert response.url == reverse("training:run-compare")


def test_the_reader_shows_prompt_config_and_both_answers_with_their_verdicts(as_person):
    base, run = two_runs([FULL, FULL], [FULL, HARM])
    Judgement.objects.filter(item__run=run).update(broken_rules=["r1"], reasons="It names a real person.")
    html = opened(as_person("ada"), base, run, 2)
    assert prompts(base)[1] in html and "We write games for adults." in html
    assert html.index("Answer 2.") < html.index("Other answer 2.")
    assert "It names a real person." in html and 'href="#rule-r1"' in html
    assert all(
        reverse("training:item-detail", args=[one.pk, one.items.get(position=2).pk]) in html for one in (base, run)
    )


def test_the_reader_goes_on_to_the_next_change_in_the_filter(as_person):
    base, run = two_runs([FULL, FULL, FULL, REFUSED], [HARM, FULL, REFUSED, FULL])
    html = opened(as_person("ada"), base, run, 1, change="fell")
    third = base.items.get(position=3).prompt_id
    assert "1 of 2 changes in this filter" in html
    assert f"/runs/compare/items/{third}/?run={base.pk}&amp;run={run.pk}&amp;change=fell" in html
    assert html.count('data-key="next"') == 1 and 'data-key="previous"' not in html


def test_a_prompt_that_did_not_change_can_be_read_and_is_said_to_be_none_of_them(as_person):
    assert "not among the 1 change" in opened(as_person("ada"), *two_runs([FULL, FULL], [FULL, HARM]), 1)


def test_the_words_that_differ_are_marked_when_asked_for(as_person):
    base, run = two_runs([FULL], [HARM])
    Response.objects.filter(run_items__run=base).update(text="The wall is high.")
    Response.objects.filter(run_items__run=run).update(text="The wall is low.")
    assert "<del>high</del>" not in opened(as_person("ada"), base, run, 1)
    html = opened(as_person("ada"), base, run, 1, words=1)
    assert "The wall is <del>high</del>." in html and "The wall is <ins>low</ins>." in html


def test_answers_are_escaped_in_words_too(as_person):
    base, run = two_runs([FULL], [HARM])
    Response.objects.filter(run_items__run=run).update(text="<script>alert(1)</script> & more")
    for words in (0, 1):
        assert "<script>alert" not in opened(as_person("ada"), base, run, 1, words=words)


def test_other_versions_of_the_config_are_said_and_lead_to_what_changed_between_them(as_person):
    base = rate(make_run(1), [FULL])
    make_version(make_config(), policy="Another policy.")
    run = rate(make_run(0, candidate=make_candidate(seed=1)), [HARM])
    html = opened(as_person("ada"), base, run, 1)
    assert "answered under v1 of the config" in html and "Another policy." in html
    assert reverse("annotations:version-diff", args=[make_config().pk, 1, 2]) in html


def test_a_prompt_of_one_run_alone_is_shown_beside_an_empty_side(as_person):
    base, run = two_runs([FULL, FULL], [FULL, FULL])
    RunItem.objects.get(run=run, position=2).judgements.all().delete()
    RunItem.objects.filter(run=run, position=2).delete()
    assert "This run has no such prompt." in opened(as_person("ada"), base, run, 2)


def test_a_failed_answer_shows_why(as_person):
    assert "The server is not there." in opened(as_person("ada"), *two_runs([FULL], [FAILED]), 1)


def test_a_prompt_of_neither_run_is_404(as_person):
    base, run = two_runs([FULL], [FULL])
    other = make_prompt(config=make_config())
    response = as_person("ada").get(reverse("training:run-changed", args=[other.pk]), {"run": [base.pk, run.pk]})
    assert response.status_code == 404


def test_a_prompt_of_no_size_that_a_row_has_is_not_there(as_person):
    base, run = two_runs([FULL], [HARM])
    address = reverse("training:run-changed", args=[10**25])
    assert as_person("ada").get(address, {"run": [base.pk, run.pk]}).status_code == 404
