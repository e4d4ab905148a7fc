"""The pages of a label step: its prompts by set of risks, the blind sample, and people beside the judge."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, Membership, Prompt, RiskLabel, Taxonomy, TaxonomyVersion
from annotations.services import risk_labels
from tests.factories import make_config, make_person, make_prompt, make_recipe, make_stage, make_training_prompts
from tests.markup import elements
from training import label_queries
from training.models import PromptLabel, Stage
from training.services.building import chain

pytestmark = pytest.mark.django_db
FOUND = [
    (["violence"], "train", ""),
    ([], "dev", ""),
    (["drugs", "violence"], "", "untrained"),
    (None, "", "unparsable"),
]


def text(response: Any) -> str:
    return " ".join(elements(response.content.decode(), "html")[0].text.split())


@pytest.fixture
def stage(db: None) -> Stage:
    """A finished step over four prompts, one of each fate, all of them in the sample."""
    return labelled(FOUND)


def labelled(found: list[tuple[Any, str, str]]) -> Stage:
    made, place = make_training_prompts(), make_config("training-prompts")
    asked = [make_prompt(f"How does tale {n} end?", benchmark=made, config=place, kind="") for n in range(len(found))]
    law = {"in": 5, "out": 2, "dropped": {"untrained": 1, "unparsable": 1, "double": 1}, "failed": {}}
    figures = law | {"sample": [prompt.pk for prompt in asked]}
    stage = make_stage("label", make_recipe(), state="finished", figures=figures)
    for prompt, (risks, split, dropped) in zip(asked, found, strict=True):
        PromptLabel.objects.create(stage=stage, prompt=prompt, risks=risks, split=split, dropped=dropped)
    return stage


def page(stage: Stage, name: str = "labels", **query: str) -> str:
    return reverse(f"training:stage-{name}", args=[stage.recipe_id, stage.pk], query=query or None)


def ids(stage: Stage) -> list[int]:
    return list(stage.figures["sample"])


def say(stage: Stage, who: str, place: int, *risks: str) -> RiskLabel:
    """That person's label of the sample's prompt at that place."""
    prompt = Prompt.objects.get(pk=ids(stage)[place])
    known = chain.taxonomy(None).slugs
    return risk_labels.label(prompt=prompt, taxonomy=None, known=known, risks=risks, rater=make_person(who))


def test_the_list_counts_by_set_and_says_why_each_dropped_prompt_was(as_person: Any, stage: Stage) -> None:
    shown = text(as_person("bob").get(page(stage)))
    lost = "1 without a verdict that could be read + 1 with a risk that training does not draw from"
    assert f"5 prompts = 2 kept + {lost}" in shown
    assert "1 the same text once more" in shown and "Violence, Drugs" in shown and "not known" in shown
    assert "tale 3" in shown and "dropped: without a verdict that could be read" in shown


@pytest.mark.parametrize(
    ("query", "tales"),
    [
        ({"set": "violence"}, {0}),
        ({"set": "drugs,violence"}, {2}),
        ({"set": "-"}, {1}),
        ({"set": "?"}, {3}),
        ({"split": "dev"}, {1}),
        ({"dropped": "untrained"}, {2}),
        ({"dropped": "any"}, {2, 3}),
        ({"set": "toys"}, set()),
    ],
)
def test_the_filters_leave_what_they_ask_for(stage: Stage, query: dict[str, str], tales: set[int]) -> None:
    left = label_queries.labels(stage, **query)
    assert {ids(stage).index(row.prompt_id) for row in left} == tales


def test_the_list_can_be_taken_away_with_its_filters(as_person: Any, stage: Stage) -> None:
    answer = as_person("ada").get(page(stage, "labels-export", format="csv", dropped="any"))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].lstrip("\ufeff") == "prompt_id,prompt,risks,split,dropped,why" and len(lines) == 3
    assert 'How does tale 2 end?,"drugs, violence",,untrained,with a risk that training does not draw from' in lines[1]
    assert as_person("ada").get(page(stage, "labels-export", format="psd")).status_code == 404


def test_a_filter_answers_htmx_with_the_list_alone(as_person: Any, stage: Stage) -> None:
    part = as_person("ada").get(page(stage, set="-"), headers={"HX-Request": "true"})
    assert b"<body" not in part.content and b"tale 1" in part.content and b"tale 0" not in part.content


def test_a_step_without_labels_says_when_they_come_and_another_step_has_none(as_person: Any) -> None:
    stage = make_stage("label")
    assert "No prompt has a label yet" in text(as_person("ada").get(page(stage)))
    other = make_stage("synthesise", make_recipe())
    assert {as_person("ada").get(page(other, name)).status_code for name in ("labels", "sample", "agreement")} == {404}


def test_the_lists_ask_as_many_queries_for_three_prompts_as_for_thirty(as_person: Any) -> None:
    client, counts = as_person("ada"), []
    for many in (3, 30):
        stage = labelled([(["violence"], "train", "")] * many)
        for place in range(many):
            say(stage, "ada", place, "drugs")
        for name in ("labels", "agreement"):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(page(stage, name)).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


def test_the_sample_shows_a_prompt_and_nothing_of_what_the_judge_or_others_found(as_person: Any, stage: Stage) -> None:
    say(stage, "lea", 0, "weapons")
    answer = as_person("ada").get(page(stage, "sample"))
    assert "tale 0" in text(answer) and "0 of 4 labelled by you" in text(answer)
    part = as_person("ada").get(page(stage, "sample"), headers={"HX-Request": "true"}).content.decode()
    assert (
        "untrained" not in part
        and "Lea " not in part
        and "<body" not in part
        and b'data-key="7" checked' not in answer.content
    )


def test_a_label_is_kept_and_the_next_prompt_comes(as_person: Any, stage: Stage) -> None:
    first, second = ids(stage)[:2]
    client = as_person("ada")
    answer = client.post(page(stage, "sample"), {"prompt": first, "risks": ["violence", "drugs"], "note": " both "})
    made = RiskLabel.objects.get()
    assert (answer.status_code, made.prompt_id, made.risks, made.note) == (302, first, ["drugs", "violence"], "both")
    assert AuditEvent.objects.get(object_type="risklabel").action == "label"
    part = client.post(page(stage, "sample"), {"prompt": second, "risks": "-"}, headers={"HX-Request": "true"})
    assert b"tale 2" in part.content and b"<body" not in part.content
    assert RiskLabel.objects.get(prompt=second).risks == []


@pytest.mark.parametrize(
    ("risks", "sentence"),
    [([], "Choose every category that is likely"), (["-", "drugs"], "cannot both hold"), (["toys"], "valid choice")],
)
def test_silence_and_a_contradiction_are_refused_and_nothing_typed_is_lost(
    as_person: Any, stage: Stage, risks: list[str], sentence: str
) -> None:
    said = {"prompt": ids(stage)[2], "risks": risks, "note": "Hm, hard."}
    answer = as_person("ada").post(page(stage, "sample"), said)
    assert (answer.status_code, RiskLabel.objects.count()) == (422, 0)
    assert sentence in text(answer) and "Hm, hard." in text(answer) and "tale 2" in text(answer)


def test_a_prompt_that_was_not_drawn_takes_no_label(as_person: Any, stage: Stage) -> None:
    other = make_prompt("Who?", benchmark=stage.recipe.benchmark, config=make_config("training-prompts"), kind="")
    answer = as_person("ada").post(page(stage, "sample"), {"prompt": other.pk, "risks": "-"})
    assert answer.status_code == 422 and "not in the sample" in text(answer) and not RiskLabel.objects.exists()


def test_an_own_label_is_changed_and_the_old_one_kept(as_person: Any, stage: Stage) -> None:
    say(stage, "ada", 0, "weapons")
    address = page(stage, "sample", prompt=str(ids(stage)[0]))
    shown = as_person("ada").get(address)
    assert "Change your label" in text(shown) and b'value="weapons" data-key="7" checked' in shown.content
    as_person("ada").post(page(stage, "sample"), {"prompt": ids(stage)[0], "risks": "drugs"})
    rows = RiskLabel.objects.order_by("pk")
    assert [(row.risks, row.withdrawn_at is None) for row in rows] == [(["weapons"], False), (["drugs"], True)]
    say(stage, "ada", 0, "drugs")
    assert rows.count() == 2


def test_one_left_for_later_comes_back_after_the_others(stage: Stage) -> None:
    ada, drawn = make_person("ada"), ids(stage)
    assert label_queries.turn(stage, ada, after=drawn[0]).prompt.pk == drawn[1]
    for place in (1, 2, 3):
        say(stage, "ada", place)
    assert label_queries.turn(stage, ada, after=drawn[3]).prompt.pk == drawn[0]
    say(stage, "ada", 0)
    assert label_queries.turn(stage, ada) == (None, 4, 4, None)


def test_agreement_is_the_share_of_equal_sets_and_what_is_not_settled_is_counted_beside_it(stage: Stage) -> None:
    # judge: {violence}, {}, {drugs, violence}, none; people: {violence}, {drugs}, split, {}
    say(stage, "ada", 0, "violence")
    say(stage, "ada", 1, "drugs")
    say(stage, "ada", 2, "drugs")
    say(stage, "lea", 2, "violence")
    say(stage, "ada", 3)
    found = label_queries.agreement(stage, chain.taxonomy(None))
    assert (found.drawn, found.labelled, found.judge_silent, found.people_differ) == (4, 4, 1, 1)
    assert (found.exact.hits, found.exact.n, len(found.raters)) == (1, 2, 2)
    # Wilson, 1 of 2: (1 + 1.92)/(2 + 3.84) = 0.5, half sqrt(0.5 + 0.96) * 1.96 / 5.84 = 0.405
    assert [round(end, 3) for end in found.exact.interval] == [0.095, 0.905]
    drugs = next(row for row in found.categories if row.category.slug == "drugs")
    assert (drugs.people, drugs.judge, drugs.both, drugs.same.hits, drugs.same.n) == (1, 0, 0, 1, 2)
    assert [ids(stage).index(row.prompt.pk) for row in found.differences] == [1, 2, 3]
    # Ada and the judge on three prompts: same 1/3, chance 1/9 (both once {violence}), kappa (2/9) / (8/9) = 0.25
    pair = found.pairs[label_queries.JUDGE, 1]
    assert (round(pair.kappa or 0, 9), pair.n) == (0.25, 3)
    assert (found.differences[0].people, found.differences[0].judge) == ({"drugs"}, frozenset())


def test_three_people_come_to_what_two_of_them_say_and_a_withdrawn_label_says_nothing(stage: Stage) -> None:
    for who, said in (("ada", "violence"), ("lea", "violence"), ("grace", "drugs")):
        say(stage, who, 0, said)
    say(stage, "grace", 0, "weapons")
    found = label_queries.agreement(stage, chain.taxonomy(None))
    assert (found.exact.hits, found.exact.n) == (1, 1)


def test_labels_under_another_taxonomy_or_outside_the_sample_do_not_count(stage: Stage) -> None:
    home = Taxonomy.objects.create(organisation=stage.organisation, title="Toys")
    version = TaxonomyVersion.objects.create(taxonomy=home, number=1)
    prompt = Prompt.objects.get(pk=ids(stage)[0])
    risk_labels.label(prompt=prompt, taxonomy=version, known=["other"], risks=["other"], rater=make_person("ada"))
    assert label_queries.agreement(stage, chain.taxonomy(None)).labelled == 0


def test_the_page_of_agreement_has_the_papers_figure_beside_it_marked_as_published(
    as_person: Any, stage: Stage
) -> None:
    assert "Nobody has labelled a prompt of the sample yet" in text(as_person("ada").get(page(stage, "agreement")))
    say(stage, "lea", 0, "drugs")
    shown = as_person("bob").get(page(stage, "agreement"))
    assert "published, not measured here" in text(shown) and "83 of 100" in text(shown) and "tale 0" in text(shown)
    assert "Label a sample yourself" not in text(shown)
    assert "Person 1" in text(shown) and "Who names the same set of risks?" in text(shown)


def test_who_labels_sees_no_difference_before_having_labelled_it(as_person: Any, stage: Stage) -> None:
    say(stage, "lea", 0, "drugs")
    say(stage, "ada", 1, "drugs")
    shown = text(as_person("ada").get(page(stage, "agreement")))
    assert "tale 1" in shown and "tale 0" not in shown and "1 more are withheld" in shown


def test_an_unknown_category_and_a_long_note_are_refused_by_the_service(stage: Stage) -> None:
    prompt, ada = Prompt.objects.get(pk=ids(stage)[0]), make_person("ada")
    told = {"prompt": prompt, "taxonomy": None, "known": ["drugs", "other"], "rater": ada}
    with pytest.raises(risk_labels.LabelProblem, match="no category 'toys'"):
        risk_labels.label(**told, risks=["toys"])
    with pytest.raises(risk_labels.LabelProblem, match="at most 2,000"):
        risk_labels.label(**told, risks=[], note="n" * 2001)


def test_a_reviewer_who_writes_for_another_organisation_reads_the_labels_and_gives_none(
    as_person: Any, stage: Stage
) -> None:
    mallory = make_person("mallory")
    Membership.objects.create(user=mallory, organisation=mallory.memberships.get().organisation, role="reviewer")
    client = as_person("mallory")
    assert client.get(page(stage)).status_code == 200
    assert {client.get(page(stage, "sample")).status_code, client.post(page(stage, "sample")).status_code} == {403}
