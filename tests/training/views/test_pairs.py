"""The pages of pairs: what became of each prompt, and one prompt with every error, pair and reason."""

import re

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Prompt
from tests.factories import make_stage
from tests.markup import elements, inline, undirected
from tests.paired import Asked, Said, answers, built, make_read
from training import pair_queries
from training.models import RunItem
from training.services.building import chain

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ALL = {"exact_match": ("violence",), "safe": (), "superset": ("violence", "privacy"), "not_superset": ("privacy",)}
# harmless 0, a refusal 1, violence 0.1 or 3, privacy 0.1 or 3
FOUR = answers((), None, ("violence",), ("privacy",))
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "نعم، هكذا"


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.PREFERENCES_DIR = tmp_path / "preferences"


def ask(number=1, said=FOUR, **fields):
    values = {"risks": ("violence",), "configs": ALL, "said": said} | fields
    return Asked(f"How did a siege end, part {number}?", **values)


def six():
    """Six prompts with six outcomes, in the order of OUTCOMES but for the second."""
    return [
        ask(1),
        ask(2, FOUR[:1]),
        ask(3, (Said("?", None, None), Said("", ()))),
        ask(4, ()),
        ask(5, answers(("drugs",), ("weapons",))),
        ask(6, answers(("violence", "privacy"), ("violence",)), configs={"safe": ()}, split="dev"),
    ]


def url(name, stage, *more):
    return reverse(f"training:{name}", args=[stage.recipe_id, stage.pk, *more])


def preview(client, stage, prompt=None, **wanted):
    return client.get(url("pair-preview", stage, (prompt or Prompt.objects.first()).pk), wanted)


def sections(html):
    """The page by config."""
    return re.split(r'<section class="section" aria-labelledby="config-\d+">', html)[1:]


def words(html):
    """The text without marks, each run of white space one space."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_every_error_is_spelled_out_term_by_term(as_person):
    html = preview(as_person("bob"), make_read(ask())).content.decode()
    exact, safe, superset, not_superset = map(words, sections(html))
    assert "Violence yes α 0.1 × 1 (Violence) 0.1" in exact and "Privacy yes β 3 × 1 (Privacy) 3" in exact
    assert "no risk no γ 1 (not addressed) 1" in safe and "Violence yes β 3 × 1 (Violence) 3" in safe
    assert "allows nothing" in safe and "allows Violence, Privacy" in superset and "allows Privacy" in not_superset


def test_the_pairs_of_the_page_are_those_of_the_file(as_person):
    stage = built(make_read(ask(), seed=3))
    html = preview(as_person("bob"), stage).content.decode()
    # six, five, five and six: two categories tie under safe (both 3) and under superset (both 0.1)
    assert [one.count("</a> → <a") for one in sections(html)] == [6, 5, 5, 6]
    assert sum(stage.figures["reasons"].values()) == 24 and "22 pairs of one prompt" in html
    assert words(sections(html)[1]).count("a tie, both have ε 3") == 1


def test_pairs_that_are_too_bad_say_so(as_person):
    stage = make_read(ask(6, answers(("violence", "privacy"), ("violence",)), configs={"safe": ()}))
    html = preview(as_person("bob"), stage).content.decode()
    assert "No pair: chosen too bad" in html
    assert "panes even" not in html  # nothing stands beside the errors, so they take the whole width
    assert "ε 3 is not below β 3" in words(html)


def test_other_weights_are_tried_and_nothing_is_stored(as_person):
    stage = built(make_read(ask(configs={"safe": ()})))
    html = preview(as_person("bob"), stage, alpha="0.5", beta="9", gamma="2").content.decode()
    # harmless 0, refusal 2, violence 9, privacy 9
    assert "β 9 × 1 (Violence) 9" in words(html) and "γ 2 (not addressed) 2" in words(html)
    assert "Nothing is stored" in html and "a tie, both have ε 9" in words(html)
    stage.refresh_from_db()
    assert stage.figures["reasons"] == {"made": 5, "tie": 1, "chosen too bad": 0}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"alpha": "1", "beta": "3", "gamma": "1"}, "The weights must rise"),
        ({"beta": "0.5"}, "The weights must rise"),
        ({"alpha": "-1"}, "greater than or equal to 0"),
        ({"gamma": "nan"}, "Enter a number"),
        ({"alpha": "x"}, "Enter a number"),
    ],
    ids=str,
)
def test_weights_that_do_not_rise_are_422_and_explained_with_what_was_typed(as_person, asked, says):
    response = preview(as_person("bob"), make_read(ask()), **asked)
    html = response.content.decode()
    assert response.status_code == 422 and says in html and "the weights of the step" in html
    assert all(f'value="{value}"' in html for value in asked.values())
    assert "α 0.1 × 1 (Violence)" in html


def test_a_mode_that_lost_its_point_is_shown_as_what_it_is(as_person):
    both = {"safe": (), "not_superset": ()}
    html = preview(as_person("bob"), make_read(ask(risks=(), configs=both))).content.decode()
    safe, lost = sections(html)
    assert "lost its point" in lost and "lost its point" not in safe
    html = preview(as_person("bob"), make_read(ask(2, configs=both)), Prompt.objects.last()).content.decode()
    assert "lost its point" not in html


def test_responses_that_are_left_out_say_why_and_lead_to_their_verdicts(as_person):
    said = (
        Said("Yes."),
        Said("No.", (), False),
        Said(" Yes. "),
        Said("", ()),
        Said("Eh?", None),
        Said("Who?", (), None),
    )
    stage = make_read(ask(said=said))
    html = preview(as_person("bob"), stage).content.decode()
    for why in ("same text twice", "empty text", "risks unscored", "addressed unscored"):
        assert f"left out: {why}" in html
    first = RunItem.objects.order_by("pk").first()
    assert url("stage-item", stage.after, first.pk) in html


def test_each_filter_finds_the_prompts_with_that_outcome(as_person):
    bob, stage = as_person("bob"), make_read(*six())
    for of in (stage.after, stage, built(stage)):
        for place, outcome in enumerate(("pairs made", "one response", "all invalid", "no response", "all tied"), 1):
            html = bob.get(url("stage-prompts", of), {"outcome": outcome}).content.decode()
            found = [one.text.strip() for one in elements(html, "bdi", "name-text")]
            assert found == [f"How did a siege end, part {place}?"], (of.kind, outcome)


def test_prompts_are_found_by_split_and_words(as_person):
    bob, stage = as_person("bob"), make_read(*six())
    html = bob.get(url("stage-prompts", stage), {"split": "dev"}, headers=HTMX).content.decode()
    assert "<body" not in html and "part 6?" in html and "part 1?" not in html and "chosen too bad" in html
    html = bob.get(url("stage-prompts", stage), {"words": "PART 2"}).content.decode()
    assert "part 2?" in html and "part 6?" not in html
    assert "No prompt matches" in bob.get(url("stage-prompts", stage), {"words": "nowhere"}).content.decode()


def test_looking_for_a_rare_outcome_goes_on_where_it_stopped(as_person, monkeypatch):
    monkeypatch.setattr(pair_queries, "SHOWN", 1)
    monkeypatch.setattr(pair_queries, "AT_ONCE", 2)
    monkeypatch.setattr(pair_queries.look, "__kwdefaults__", {"after": 0, "size": 1, "most": 4})
    bob, stage = as_person("bob"), make_read(ask(1), ask(2), ask(3), ask(4), ask(5, FOUR[:1]))
    html = bob.get(url("stage-prompts", stage), {"outcome": "one response"}).content.decode()
    assert "0 found among 4 prompts looked at" in words(html) and "Look further" in html
    further = re.search(r'href="(\?[^"]*after=\d+)"', html)[1].replace("&amp;", "&")
    html = bob.get(url("stage-prompts", stage) + further).content.decode()
    assert "part 5?" in html and "Look further" not in html and "that is all" in html


def test_one_goes_on_to_the_next_prompt_of_the_filter_with_the_weights(as_person):
    bob, stage = as_person("bob"), make_read(ask(1), ask(2, FOUR[:1]), ask(3))
    one, two, three = Prompt.objects.order_by("pk")
    html = preview(bob, stage, one).content.decode()
    assert f'href="{url("pair-preview", stage, two.pk)}" data-key="next"' in html and 'rel="prev"' not in html
    html = preview(bob, stage, one, outcome="pairs made", beta="9").content.decode()
    assert f"{url('pair-preview', stage, three.pk)}?outcome=pairs+made&amp;alpha=0.1&amp;beta=9.0" in html
    html = preview(bob, stage, three, outcome="pairs made").content.decode()
    assert url("pair-preview", stage, one.pk) in html and 'rel="next"' not in html


def test_a_prompt_that_was_not_kept_or_another_step_is_404(as_person):
    bob, stage = as_person("bob"), make_read(ask(1), ask(2))
    assert bob.get(url("pair-preview", stage, 10**9)).status_code == 404
    label = chain.before(stage, "label")
    assert bob.get(url("stage-prompts", label)).status_code == 404
    label.labels.filter(prompt=Prompt.objects.first()).update(split="", dropped="cap")
    assert preview(bob, stage).status_code == 404


def test_before_the_responses_are_read_the_pages_say_so(as_person):
    bob, stage = as_person("bob"), make_stage("read")
    for response in (bob.get(url("stage-prompts", stage)), bob.get(url("pair-preview", stage, 1))):
        assert response.status_code == 200 and "Read them again first" in response.content.decode()


def test_texts_of_people_and_models_are_escaped_and_run_their_own_way(as_person):
    said = (Said(HOSTILE), Said(ARABIC, (), False))
    stage = make_read(Asked(HOSTILE, risks=("violence",), configs={"safe": ()}, said=said))
    bob = as_person("bob")
    for html in (preview(bob, stage).content.decode(), bob.get(url("stage-prompts", stage)).content.decode()):
        assert HOSTILE not in html and inline(html) == [] and undirected(html, ARABIC) == []


def test_many_prompts_and_responses_ask_as_often_as_few(as_person):
    bob, counts = as_person("bob"), []
    for number, said in ((2, FOUR), (30, (*FOUR, *(Said(f"No, {each}.", (), False) for each in range(9))))):
        stage = make_read(*(ask(each + 100 * number, said) for each in range(number)))
        of = stage.recipe.benchmark.prompts.order_by("pk")[number // 2]
        with CaptureQueriesContext(connection) as asked:
            bob.get(url("stage-prompts", stage))
            preview(bob, stage, of)
            bob.get(url("stage-prompts", stage), {"outcome": "pairs made"})
        counts.append(len(asked))
    assert counts[0] + 1 == counts[1] <= 90  # the many are counted for their pager


def test_the_totals_keep_the_law_and_every_chart_has_its_table():
    stage = built(make_read(*six()))
    totals = pair_queries.totals(stage)
    assert totals.considered == totals.pairs + sum(amount for _, amount in totals.skipped)
    assert [chart.id for chart in totals.charts] == [
        f"pairs-{name}" for name in ("reasons", "gaps", "modes", "labels", "configs", "templates")
    ]
    # made 22 of prompt 1 under four configs; the longest bar is whole, and the shares of a chart are 1 together
    reasons = totals.charts[0].bars
    assert reasons[0][:3] == ("made", 22, 100.0) and sum(bar.share for bar in reasons) == pytest.approx(1)
    assert dict(totals.outcomes)["pairs made"] == 1 and totals.prompts == 6
    assert pair_queries.totals(stage.after) is None and pair_queries.totals(make_stage("pair")) is None
    html = render_to_string("training/_pair_totals.html", {"totals": totals, "stage": stage})
    assert 'id="pairs-gaps-table"' in html and "outcome=all%20tied" in html


def test_a_number_that_no_prompt_can_have_is_not_found(as_person):
    assert as_person("ada").get(url("pair-preview", make_read(ask()), 2**63)).status_code == 404
