"""The pages of checkpoints: the list under filters, one with all around it, its files, and what an admin decides."""

import io
import zipfile

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, LanguageModel
from tests import small_models
from tests.factories import (
    make_candidate,
    make_checkpoint,
    make_model,
    make_node,
    make_person,
    make_preference_set,
    make_training,
)
from tests.outcomes import finish
from tests.test_queries_count import one_more
from training.services import checkpoints

pytestmark = pytest.mark.django_db
LIST = "training:checkpoint-list"
WHY = "It follows the config more often than its base."


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.TRAINING_DIR = tmp_path


def url(name, checkpoint):
    return reverse(f"training:checkpoint-{name}", args=[checkpoint.pk])


def trained(number, sha256="0" * 64, **fields):
    """A checkpoint of a run of its own, whose files are not here."""
    run = make_training(state="finished", phase="train", title=f"Run {number}", **fields)
    return make_checkpoint(run, sha256=sha256)


def evaluated(model, run):
    """The model's finished run like another one."""
    candidate = make_candidate(model)
    type(run).objects.filter(pk=run.pk).update(candidate=candidate)
    return type(run).objects.get(pk=run.pk)


def listed(client, **wanted):
    return [row.checkpoint for row in client.get(reverse(LIST), wanted).context["rows"]]


def test_the_list_is_filtered_by_base_set_state_and_words(as_person):
    base, pairs = make_model("first-base"), make_preference_set(title="Garden")
    one, two, three = trained("oak", "a" * 64, base=base), trained("elm", preference_set=pairs), trained("ash")
    LanguageModel.objects.filter(pk=three.model_id).update(archived_at="2026-01-01T00:00Z")
    grace = as_person("grace")
    checkpoints.promote(checkpoint=two, why=WHY, actor=make_person("grace"))
    assert listed(grace) == [two, one]
    assert listed(grace, base=base.pk) == [one]
    assert listed(grace, set=pairs.pk) == [two]
    assert listed(grace, state="promoted") == [two]
    assert listed(grace, state="archived") == [three]
    assert listed(grace, state="all") == [three, two, one]
    assert listed(grace, q="oak") == [one] and listed(grace, q="aaaaaa") == [one]
    assert listed(grace, q="more often") == [two]
    assert listed(grace, base="x" * 30, set="9" * 40) == [two, one]


def test_the_list_shows_the_score_of_the_newest_run_one_may_read(as_person):
    checkpoint = trained("oak")
    run = evaluated(checkpoint.model, one_more(1))
    row = as_person("ada").get(reverse(LIST)).context["rows"][0]
    assert row.newest.run == run and row.newest.scores.overall.n_total == 2
    page = as_person("ada").get(reverse(LIST)).content.decode()
    assert reverse("training:run-detail", args=[run.pk]) in page and "2 of 2 scored" in page


def test_an_empty_list_says_what_to_do_next(as_person):
    page = as_person("grace").get(reverse(LIST)).content.decode()
    assert reverse("training:training-new") in page
    assert "Admins start the training runs" in as_person("ada").get(reverse(LIST)).content.decode()


def test_the_list_asks_as_often_for_thirty_rows_as_for_three(as_person):
    grace = as_person("grace")

    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert grace.get(reverse(LIST)).status_code == 200
        return len(queries)

    for number in range(3):
        evaluated(trained(number, base=make_model(f"base-{number}")).model, one_more(number))
    few = asked()
    for number in range(3, 12):
        evaluated(trained(number, base=make_model(f"base-{number}")).model, one_more(number))
    assert asked() == few <= 25


def test_the_page_asks_as_often_for_many_children_and_runs_as_for_one(as_person):
    checkpoint, grace = trained("oak"), as_person("ada")

    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert grace.get(url("detail", checkpoint)).status_code == 200
        return len(queries)

    def more(number):
        trained(f"child {number}", base=checkpoint.model)
        run = one_more(number)
        evaluated(checkpoint.model, run)

    more(0)
    few = asked()
    for number in range(1, 5):
        more(number)
    assert asked() == few <= 25


def test_the_page_tells_where_it_comes_from_and_what_came_of_it(as_person):
    checkpoint = small_models.registered(preset="tiny_cpu")
    child = trained("child", base=checkpoint.model)
    page = as_person("ada").get(url("detail", checkpoint))
    text = page.content.decode()
    labels = [label for label, _ in page.context["lineage"]]
    assert labels == [checkpoint.model.slug, checkpoint.run.title, "Base", "Pairs of the lantern"]
    assert url("detail", child) in text and reverse("training:training-detail", args=[child.run_id]) in text
    assert "4 in = 3 out + 1 dropped (too long); 1 cut" in " ".join(text.split())
    assert checkpoint.sha256 in text and "model.safetensors" in text and "Tiny, on a CPU" in text
    assert f"{reverse('training:run-new')}?model={checkpoint.model_id}" in text
    assert "Nobody has evaluated it yet" in text and 'id="decide"' not in text


def test_a_run_of_the_base_on_the_same_benchmark_is_offered_for_comparison(as_person):
    checkpoint = trained("oak")
    other = one_more(1)
    base = finish(type(other).objects.get(pk=other.pk))
    own = evaluated(checkpoint.model, one_more(2))
    text = as_person("grace").get(url("detail", checkpoint)).content.decode()
    assert "Its base has ended no run on the same prompts" in text
    type(own).objects.filter(pk=own.pk).update(benchmark=base.benchmark)
    evaluated(checkpoint.run.base, base)
    text = as_person("grace").get(url("detail", checkpoint)).content.decode()
    assert f"{reverse('training:run-compare')}?run={base.pk}&amp;run={own.pk}" in text


def test_the_models_page_leads_to_its_checkpoint_for_those_who_may_read_it(as_person):
    checkpoint = trained("oak")
    model = reverse("training:model-detail", args=[checkpoint.model_id])
    assert url("detail", checkpoint) in as_person("ada").get(model).content.decode()
    assert url("detail", checkpoint) not in as_person("mallory").get(model).content.decode()


def test_the_card_is_taken_away_as_markdown(as_person):
    checkpoint = small_models.registered()
    taken = as_person("ada").get(url("card", checkpoint))
    assert taken["Content-Type"] == "text/markdown; charset=utf-8"
    assert taken["Content-Disposition"] == f'attachment; filename="{checkpoint.model.slug}-README.md"'
    assert taken.content.decode().startswith(f"# {checkpoint.model.slug}\n")


def test_the_files_are_taken_away_as_a_zip(as_person):
    checkpoint = small_models.registered()
    taken = as_person("ada").get(url("export", checkpoint))
    packed = zipfile.ZipFile(io.BytesIO(b"".join(taken.streaming_content)))
    assert f"{checkpoint.model.slug}/model.safetensors" in packed.namelist()
    assert taken["Content-Disposition"] == f'attachment; filename="{checkpoint.model.slug}.zip"'


def test_files_of_another_node_are_a_page_that_says_where(as_person):
    checkpoint = trained("oak", node=make_node("forge"))
    taken = as_person("ada").get(url("export", checkpoint))
    assert taken.status_code == 409
    assert (
        f"lie on the node forge, in {small_models.settings.TRAINING_DIR}/{checkpoint.folder}" in taken.content.decode()
    )


def test_a_promotion_stands_on_the_page_with_its_reason(as_person):
    checkpoint, grace = trained("oak"), as_person("grace")
    sent = {"why": WHY, "sure": "on"}
    assert grace.post(url("promote", checkpoint), sent).status_code == 302
    assert WHY in as_person("ada").get(url("detail", checkpoint)).content.decode()
    assert grace.post(url("promote", checkpoint), sent).status_code == 422
    assert grace.post(url("demote", checkpoint)).status_code == 302
    assert [event.action for event in AuditEvent.objects.order_by("pk")] == ["promote", "demote"]


def test_a_promotion_without_words_is_refused_and_keeps_what_was_typed(as_person):
    taken = as_person("grace").post(url("promote", trained("oak")), {"why": "So good", "sure": "on"})
    assert taken.status_code == 422 and "So good" in taken.content.decode()
    assert "Say in a sentence why" in taken.content.decode()


def test_plumbing_is_promoted_by_those_who_say_they_know(as_person):
    checkpoint, grace = trained("oak"), as_person("grace")
    LanguageModel.objects.filter(pk=checkpoint.model_id).update(plumbing=True)
    refused = grace.post(url("promote", checkpoint), {"why": WHY})
    assert refused.status_code == 422 and "This is a plumbing model." in refused.content.decode()
    assert grace.post(url("promote", checkpoint), {"why": WHY, "sure": "on"}).status_code == 302
    assert AuditEvent.objects.get().after["plumbing"] is True


def test_an_archived_checkpoint_keeps_its_page_and_loses_its_buttons(as_person):
    checkpoint, grace = trained("oak"), as_person("grace")
    assert grace.post(url("archive", checkpoint)).status_code == 302
    page = grace.get(url("detail", checkpoint))
    assert page.status_code == 200 and 'id="decide"' not in page.content.decode()
    assert reverse("training:run-new") + "?model" not in page.content.decode()


def test_a_checkpoint_in_use_says_by_what_and_stays(as_person):
    checkpoint = trained("oak")
    used = make_training(base=checkpoint.model)
    page = as_person("grace").post(url("archive", checkpoint), follow=True).content.decode()
    assert f"is used by training run {used.pk}" in page
    assert LanguageModel.objects.get(pk=checkpoint.model_id).archived_at is None
