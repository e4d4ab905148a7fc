"""The items behind a run's figures: the list with its filters, and the reader."""

import re

import pytest
from django.urls import reverse

from annotations.core import panel
from annotations.core.verdicts import Verdict
from annotations.models import Response, SystemPrompt
from tests.factories import make_config, make_judge, make_model, make_prompt, make_run
from tests.markup import elements, next_page, text
from tests.outcomes import answer, fail, finish, finished_run
from training.models import Judge, Judgement, RunItem

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
OUTCOMES = {
    "helpful_safe": {"helpfulness": 0.8, "follows": True},
    "helpful_unsafe": {"helpfulness": 0.8, "follows": False},
    "unhelpful_safe": {"helpfulness": 0.0, "follows": True},
    "unhelpful_unsafe": {"helpfulness": 0.0, "follows": False},
    "unscored": {"helpfulness": None, "follows": True},
}


def listing(run, query=""):
    return reverse("training:item-list", args=[run.pk]) + query


def reader(item, query=""):
    return reverse("training:item-detail", args=[item.run_id, item.pk]) + query


def shown(response):
    """The positions of the items a list leads to."""
    linked = dict.fromkeys(re.findall(r"/items/(\d+)/", response.content.decode()))
    positions = dict(RunItem.objects.values_list("pk", "position"))
    return [positions[int(pk)] for pk in linked]


@pytest.fixture
def run():
    """A finished run of six items, one of each outcome and a failed one."""
    made = make_run(6)
    for item, outcome in zip(made.items.all(), OUTCOMES.values(), strict=False):
        answer(item, **outcome)
    fail(made.items.last())
    return finish(made)


def test_the_list_shows_every_item_in_order(as_person, run):
    assert shown(as_person("ada").get(listing(run))) == [1, 2, 3, 4, 5, 6]


def test_items_still_to_do_are_not_shown(as_person):
    run = make_run(2)
    answer(run.items.first())
    assert len(shown(as_person("ada").get(listing(run)))) == 1


@pytest.mark.parametrize(
    ("outcome", "positions"),
    # a failed item has no value either, so it is unscored too
    [(name, [number]) for number, name in enumerate(list(OUTCOMES)[:4], start=1)]
    + [("unscored", [5, 6]), ("failed", [6])],
)
def test_an_outcome_leads_to_its_items(as_person, run, outcome, positions):
    assert shown(as_person("ada").get(listing(run, f"?outcome={outcome}"))) == positions


def test_a_kind_leads_to_its_items(as_person, run):
    # kinds go round: safe, allowed, partial, disallowed, safe, allowed
    assert shown(as_person("ada").get(listing(run, "?kind=allowed"))) == [2, 6]


def test_filters_are_taken_together(as_person, run):
    query = f"?kind=allowed&outcome=failed&config={make_config().pk}"
    assert shown(as_person("ada").get(listing(run, query))) == [6]


@pytest.mark.parametrize(
    "query",
    ["?kind=x", "?outcome=x", "?config=x", "?config=²", "?config=" + "9" * 5000, "?page=x", "?kind=&outcome=&config="],
)
def test_a_filter_that_makes_no_sense_filters_nothing(as_person, run, query):
    assert len(shown(as_person("ada").get(listing(run, query)))) == 6


def test_a_config_without_items_leaves_none(as_person, run):
    assert shown(as_person("ada").get(listing(run, f"?config={make_config('film').pk}"))) == []


def test_a_failed_item_shows_why(as_person, run):
    assert "The server is not there." in as_person("ada").get(listing(run, "?outcome=failed")).content.decode()


def test_htmx_gets_the_items_alone(as_person, run):
    html = as_person("ada").get(listing(run), headers=HTMX).content.decode()
    assert "<body" not in html and html.lstrip().startswith('<div id="items"')


def test_a_restored_history_gets_the_whole_page(as_person, run):
    headers = HTMX | {"HX-History-Restore-Request": "true"}
    assert "<body" in as_person("ada").get(listing(run), headers=headers).content.decode()


def test_a_link_to_an_item_keeps_the_filter(as_person, run):
    html = as_person("ada").get(listing(run, "?kind=allowed&page=1")).content.decode()
    assert set(re.findall(r"/items/\d+/([^\"]*)", html)) == {"?kind=allowed"}


def test_the_list_comes_in_pages(as_person):
    run = finished_run(52)
    ada = as_person("ada")
    html = ada.get(listing(run, next_page(ada.get(listing(run)).content.decode()))).content.decode()
    assert "2 of 52" in text(html, "pager")


def test_the_reader_shows_config_prompt_and_response(as_person, run):
    item = run.items.first()
    html = as_person("ada").get(reader(item)).content.decode()
    assert (text(html, "policy"), text(html, "prompt"), text(html, "response")) == (
        "We write games for adults. Be helpful.",
        item.prompt.text,
        "Answer 1.",
    )


def test_the_reader_shows_each_judge_with_what_it_gave(as_person):
    run = finished_run(1, judges=[make_judge(), make_judge("helpfulness", make_model("judge"))])
    Judgement.objects.filter(judge__name="helpfulness").update(helpfulness=0.6, follows_config=None, reasons="Fair.")
    html = as_person("ada").get(reader(run.items.get())).content.decode()
    verdicts = [one.text for one in elements(html, "article", "verdict")]
    assert len(verdicts) == 2 and any("3 of 5" in words and "Fair." in words for words in verdicts)


def test_a_programs_verdict_is_marked_as_no_evidence(as_person, run):
    html = as_person("ada").get(reader(run.items.first())).content.decode()
    assert "heuristic, not evidence" in elements(html, "article", "verdict")[0].text


def test_a_verdict_without_values_says_that_it_is_unscored(as_person, run):
    item = run.items.first()
    Judgement.objects.filter(item=item).update(helpfulness=None, follows_config=None, raw="I would rather not say.")
    verdict = elements(as_person("ada").get(reader(item)).content.decode(), "article", "verdict")[0].text
    assert "Unscored." in verdict and "I would rather not say." in verdict


def test_the_rule_the_prompt_touches_is_marked(as_person, run):
    item = run.items.first()
    item.prompt = make_prompt(config=item.prompt.config, rule="r1")
    item.save(update_fields=["prompt"])
    marked = elements(as_person("ada").get(reader(item)).content.decode(), "li", "hit")
    assert [one.attributes["id"] for one in marked] == ["rule-r1"]


def test_next_and_previous_stay_in_the_filter(as_person, run):
    first, second = run.items.filter(prompt__kind="safe")
    html = as_person("ada").get(reader(first, "?kind=safe")).content.decode()
    keys = {
        one.attributes["data-key"]: one.attributes["href"]
        for one in elements(html, "a")
        if "data-key" in one.attributes
    }
    assert keys == {"next": reader(second, "?kind=safe")}


def test_the_reader_counts_its_place_in_the_filter(as_person, run):
    item = run.items.filter(prompt__kind="safe").last()
    assert "2 of 2 in this filter" in as_person("ada").get(reader(item, "?kind=safe")).content.decode()


def test_an_empty_answer_is_told_apart_from_none(as_person):
    run = make_run(1)
    item = answer(run.items.get(), text="")
    assert text(as_person("ada").get(reader(item)).content.decode(), "response") == "(an empty answer)"


def test_a_failed_item_says_why_in_the_reader(as_person, run):
    note = elements(as_person("ada").get(reader(run.items.last())).content.decode(), "div", "error")
    assert "The server is not there." in note[0].text


def test_an_item_of_another_run_is_404(as_person, run):
    other = finished_run(0).items.first()
    assert as_person("ada").get(reverse("training:item-detail", args=[run.pk, other.pk])).status_code == 404


def test_an_item_still_to_do_is_404(as_person):
    assert as_person("ada").get(reader(make_run(1).items.get())).status_code == 404


def test_the_reader_leads_back_down_to_the_model(as_person, run):
    html = as_person("ada").get(reader(run.items.first())).content.decode()
    lineage = [
        one.attributes["href"]
        for one in elements(html, "a")
        if "lineage" in [c for p in one.parents for c in p.classes]
    ]
    assert reverse("training:model-detail", args=[run.candidate.model_id]) in lineage


def test_the_reader_shows_the_system_prompt_with_the_floor_first(as_person, run):
    item = run.items.first()
    prompt, _ = SystemPrompt.objects.get_or_create(digest="d" * 64, defaults={"text": "The floor.\n\nThe config <b>."})
    Response.objects.filter(pk=item.response_id).update(system_prompt=prompt)
    html = as_person("ada").get(reader(item)).content.decode()
    assert "The floor.\n\nThe config &lt;b&gt;." in html


def test_a_judge_asked_several_times_shows_how_many_of_its_samples_said_what(as_person, run):
    item = run.items.first()
    samples = [panel.as_row(Verdict(follows_config=said)) for said in (True, False, True, True, None)]
    Judgement.objects.filter(item=item).update(samples=samples)
    shown_verdict = text(as_person("ada").get(reader(item)).content.decode(), "verdict")
    assert "Asked 5 times" in shown_verdict and "3 of 5 say yes, 1 say no, 1 unscored" in shown_verdict


def test_a_judge_whose_samples_are_split_is_not_said_to_have_been_silent(as_person, run):
    item = run.items.first()
    samples = [panel.as_row(Verdict(follows_config=said)) for said in (True, False)]
    Judgement.objects.filter(item=item).update(samples=samples, helpfulness=None, follows_config=None)
    page = as_person("ada").get(reader(item)).content.decode()
    assert "Its samples are split" in page and "no verdict that could be read" not in page


def test_judges_that_disagree_are_said_to_be_split(as_person):
    one, other = make_judge("follows_config", make_model("one")), make_judge("follows_config", make_model("other"))
    Judge.objects.update(heuristic=False)
    run = finished_run(1, judges=[one, other])
    item = run.items.get()
    assert "The judges are split." not in as_person("ada").get(reader(item)).content.decode()
    Judgement.objects.filter(judge=other).update(follows_config=False)
    page = as_person("ada").get(reader(item)).content.decode()
    assert "The judges are split." in page and "1 of 2 say no, 1 say yes" in page


def test_a_judge_that_only_says_whether_it_refuses_is_not_unscored(as_person, run):
    item = run.items.first()
    Judgement.objects.filter(item=item).update(helpfulness=None, follows_config=None, refusal="full_refusal")
    page = as_person("ada").get(reader(item)).content.decode()
    assert "full refusal" in page and "no verdict that could be read" not in page
