"""The pages of judges: what there is, what was used, how it is taken into use."""

import pytest
from django.urls import reverse

from annotations.core.taxonomies import of_rows
from tests.factories import make_judge, make_model, make_organisation
from tests.markup import elements
from tests.outcomes import finished_run
from training import attacks, judges
from training.judge_queries import entries
from training.models import EvaluationRun, Judge, JudgeTrial
from training.services import judging

pytestmark = pytest.mark.django_db
LIST = reverse("training:judge-list")


def text(response):
    """What the whole page says, its white space as a browser shows it."""
    return " ".join(elements(response.content.decode(), "html")[0].text.split())


def page_of(judge):
    return reverse("training:judge-detail", args=[judge.pk])


def make_trial(judge, turned=0, **fields):
    rows = [{"outcome": "turned" if number < turned else "held"} for number in range(35)]
    values = {"digest": attacks.digest(), "total": 35, "done": 35, "state": "finished", "results": rows} | fields
    return JudgeTrial.objects.create(judge=judge, organisation=make_organisation(), **values)


def test_the_list_has_every_judge_of_the_folder(as_person):
    shown = text(as_person("bob").get(LIST))
    assert all(judges.load(name).label in shown for name in judges.names())
    assert "Not in use yet." in shown


def test_a_judge_in_use_shows_its_model_its_runs_and_its_newest_trial(as_person):
    judge = make_judge("follows_config", make_model("llama"))
    finished_run(1, judges=[judge])
    make_trial(judge, turned=30)
    make_trial(judge, turned=2)
    shown = text(as_person("ada").get(LIST))
    assert "with Llama" in shown and "1 run" in shown
    assert "2 of 35 turned" in shown and "30 of 35" not in shown


def test_runs_of_others_are_not_counted(as_person):
    finished_run(1)
    assert "0 runs" in text(as_person("mallory").get(LIST)) and "1 run" in text(as_person("ada").get(LIST))


def test_an_older_wording_is_told_apart_and_a_judge_whose_file_is_gone_still_has_its_page(as_person):
    judge = make_judge("helpfulness", make_model())
    Judge.objects.filter(pk=judge.pk).update(digest="0" * 64)
    gone = Judge.objects.create(
        name="kindness", digest="1" * 64, label="Kindness", source=judge.source, model=make_model()
    )
    shown = text(as_person("ada").get(LIST))
    assert "an older wording" in shown and "Its file is gone" in shown
    assert "older than the file" in text(as_person("ada").get(page_of(judge)))
    assert as_person("ada").get(page_of(gone)).status_code == 200


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_twelve_judges(django_assert_num_queries):
    for number in range(12):
        make_trial(make_judge("helpfulness", make_model(f"model-{number}")))
    with django_assert_num_queries(3):
        entries(EvaluationRun.objects.all())


def test_a_lead_takes_a_judge_with_a_model_into_use(as_person):
    model = make_model("llama")
    answer = as_person("lea").post(LIST, {"judge": "refusal", "model": model.pk})
    judge = Judge.objects.get()
    assert (judge.name, judge.model, answer.url) == ("refusal", model, page_of(judge))


def test_a_form_without_a_model_comes_back_with_what_was_chosen(as_person):
    answer = as_person("lea").post(LIST, {"judge": "refusal"})
    assert answer.status_code == 422 and not Judge.objects.exists()
    assert '<option value="refusal" selected>' in answer.content.decode()


def test_a_program_cannot_be_taken_into_use_with_a_model(as_person):
    assert as_person("lea").post(LIST, {"judge": "heuristic", "model": make_model().pk}).status_code == 422


def test_the_page_of_a_judge_shows_its_whole_text_and_no_markup_of_it_is_live(as_person):
    judge = make_judge("follows_config", make_model())
    Judge.objects.filter(pk=judge.pk).update(
        source=judge.source.replace("The material ends", "<b>The</b> material ends")
    )
    answer = as_person("ada").get(page_of(judge))
    assert "You are a compliance reader." in text(answer) and "broken_rules" in text(answer)
    assert "&lt;b&gt;The&lt;/b&gt; material ends" in answer.content.decode()


def test_the_page_of_a_guard_has_its_codes_and_says_what_they_cannot_tell_apart(as_person):
    shown = text(as_person("ada").get(page_of(make_judge("llama_guard", make_model()))))
    assert "S14" in shown and "at least one of these" in shown


def test_a_program_has_its_source_and_nothing_to_try(as_person):
    answer = as_person("ada").get(page_of(make_judge()))
    assert "Try it with attacks" not in text(answer) and "def judge(" in answer.content.decode()


def test_a_reviewer_reads_a_judge_and_starts_no_trial(as_person):
    judge = make_judge("follows_config", make_model())
    assert "Try it with attacks" not in text(as_person("bob").get(page_of(judge)))
    assert as_person("bob").post(reverse("training:trial-new", args=[judge.pk])).status_code == 403


def test_a_judge_of_prompts_says_what_it_reads_and_is_not_tried(as_person):
    row = make_judge("prompt_risks", make_model())
    assert "Reads prompts that nobody has answered and says risk categories." in text(as_person("ada").get(LIST))
    shown = text(as_person("ada").get(page_of(row)))
    assert "prompts that nobody has answered" in shown and "Try it with attacks" not in shown and "Trials" not in shown


def test_a_judge_for_a_taxonomy_names_it_and_is_of_the_wording_of_now(as_person):
    toys = of_rows("<Toys> v2", [dict(slug="kites", name="Kites", full_name="K", definition="Fly.", trained=True)])
    row = judging.choose(name="risk_categories", model=make_model(), taxonomy=toys)
    listed = as_person("ada").get(LIST)
    assert "Risk categories · <Toys> v2" in text(listed) and "an older wording" not in text(listed)
    shown = text(as_person("ada").get(page_of(row)))
    assert "as the file is now" in shown and "<Toys> v2" in shown and "Try it with attacks" not in shown
    Judge.objects.filter(pk=row.pk).update(source=row.source.replace('made_from = "', 'made_from = "0'))
    assert "an older wording" in text(as_person("ada").get(LIST))
