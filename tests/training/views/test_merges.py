"""The form of a merge: what it offers, shows beforehand, refuses, and starts."""

import pytest
from django.urls import reverse

from annotations.models import AuditEvent
from tests import small_models
from tests.factories import make_model, make_node
from training.models import TrainingRun
from training.recipes import merge_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(settings, tmp_path, monkeypatch):
    """Two checkpoints of one architecture on this node, and the hints that were sent."""
    settings.TRAINING_DIR = tmp_path
    sent = []
    monkeypatch.setattr("training.views.merges.hint", sent.append)
    one = small_models.registered(seed=1)
    return one, small_models.registered(seed=2, base=one.run.base), sent


def form(two, **changes):
    one, other, _ = two
    said = {"base": one.model_id, "other": other.model_id, "schedule": "same", "weight": "0.3", "dtype": "same"}
    return said | {"node": one.run.node_id, "first": "0", "last": "1", "title": ""} | changes


def url():
    return reverse("training:merge-new")


def errors(answer):
    assert answer.status_code == 422
    return {name: list(map(str, said)) for name, said in answer.context["form"].errors.items()}


def test_a_right_form_starts_a_training_run_of_the_node(as_person, two):
    answer = as_person("grace").post(url(), form(two))
    run = TrainingRun.objects.get(kind="merge")
    assert answer.url == reverse("training:training-detail", args=[run.pk]) and two[2] == [run]
    assert (run.base, run.other, run.phase, run.state, run.gpus) == (two[0].model, two[1].model, "train", "queued", 0)
    assert merge_settings.read(run.settings).weight == 0.3
    assert run.title == f"Merge of {two[0].model} and {two[1].model}"
    assert run.organisation == two[0].run.organisation and run.created_by.username == "grace"
    event = AuditEvent.objects.get(object_type="trainingrun")
    assert (event.action, event.after["other"]) == ("start", two[1].model.slug)


def test_a_line_gives_every_layer_its_weight(as_person, two):
    as_person("grace").post(url(), form(two, schedule="line", first="0.2", last="0.8", weight="0.5"))
    settings = merge_settings.read(TrainingRun.objects.get(kind="merge").settings)
    assert (settings.per_layer, settings.weight) == ((0.2, 0.8), 0.5)


def test_the_weights_are_shown_before_anything_is_done(as_person, two):
    answer = as_person("grace").post(url(), form(two, schedule="line", look="1"))
    assert answer.status_code == 200 and not TrainingRun.objects.filter(kind="merge").exists()
    parts = [(part.name, part.base, part.other) for part in answer.context["parts"]]
    assert parts == [
        ("embeddings, last norm and head", 0.7, 0.3),
        ("layer 0", 1.0, 0.0),
        ("layer 1", 0.0, 1.0),
    ]


def test_htmx_gets_the_weights_alone(as_person, two):
    answer = as_person("grace").post(url(), form(two, look="1"), headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert 'id="merge-preview"' in text and "<body" not in text and "every layer" in text


def test_htmx_reads_what_is_wrong_instead(as_person, two):
    answer = as_person("grace").post(url(), form(two, look="1", weight="2"), headers={"HX-Request": "true"})
    assert "less than or equal to 1" in answer.content.decode()


def test_the_page_of_a_checkpoint_leads_here_with_its_model_chosen(as_person, two):
    page = as_person("grace").get(url(), {"base": two[0].model_id})
    assert page.context["form"]["base"].value() == two[0].model_id


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"weight": ""}, "weight", "Give a number from 0 to 1."),
        ({"weight": "1.1"}, "weight", "less than or equal to 1"),
        ({"schedule": "line", "first": ""}, "first", "Give a number from 0 to 1."),
        ({"base": ""}, "base", "required"),
    ],
)
def test_a_wrong_number_is_said_beside_its_field(as_person, two, changes, field, said):
    assert said in errors(as_person("grace").post(url(), form(two, **changes)))[field][0]


def test_a_model_is_not_merged_with_itself(as_person, two):
    found = errors(as_person("grace").post(url(), form(two, other=two[0].model_id)))
    assert found == {"other": ["A model merged with itself is the same model. Choose another."]}


def test_weights_on_another_node_are_merged_there(as_person, two):
    found = errors(as_person("grace").post(url(), form(two, node=make_node("elsewhere").pk)))
    assert found["node"] == [f"The weights of {two[0].model} lie on {two[0].run.node.name}. Choose that node."]


def test_two_shapes_do_not_fit_together(as_person, two, tmp_path):
    deep = small_models.write(tmp_path / "deep", layers=3)
    other = make_model("deep", weights=str(deep))
    found = errors(as_person("grace").post(url(), form(two, other=other.pk)))
    assert found["other"] == [f"{two[0].model} and Deep do not fit together: layers: 2 and 3."]


def test_two_models_that_are_no_checkpoints_are_not_merged_here(as_person, two, tmp_path):
    one, other = (make_model(name, weights=str(small_models.write(tmp_path / name))) for name in ("one", "another"))
    found = errors(as_person("grace").post(url(), form(two, base=one.pk, other=other.pk)))
    assert "At least one of the two has to be a checkpoint" in found["other"][0]


def test_a_line_needs_to_know_how_many_layers_there_are(as_person, two):
    far = make_model("far", weights="/nowhere/model")
    found = errors(as_person("grace").post(url(), form(two, base=far.pk, schedule="line")))
    assert "Nobody here knows how many layers" in found["schedule"][0]


def test_without_a_node_the_page_says_so(as_person):
    assert "No machine has told of itself yet" in as_person("grace").get(url()).content.decode()
