"""The pages of training prompts: bringing a set in, reading it, putting it away."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, Benchmark
from annotations.services import training_prompts
from tests.factories import make_benchmark, make_organisation, make_prompt, make_recipe, make_training_prompts
from tests.import_desk import table
from tests.markup import elements, inline, undirected

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("annotations:training-prompts-list"), reverse("annotations:training-prompts-new")
HTMX = {"HX-Request": "true"}
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "لماذا يأتي المد؟"


@pytest.fixture(autouse=True)
def _uploads_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def sent(client, rows=None, **fields):
    values = {"organisation": make_organisation().pk, "title": "Questions of a week", "language": "en"} | fields
    if rows is not None:
        values["tables"] = io.BytesIO(table(rows))
        values["tables"].name = "week.csv"
    return client.post(NEW, values)


def url(name, prompts):
    return reverse(f"annotations:training-prompts-{name}", args=[prompts.pk])


def page(client, prompts, **wanted):
    return client.get(url("detail", prompts), wanted).content.decode()


def test_a_small_file_is_read_at_once_and_its_prompts_are_there(as_person):
    ada = as_person("ada")
    response = sent(ada, [{"prompt": "Why do tides come?", "source": "a desk"}, {"prompt": "Why do tides come?"}])
    made = Benchmark.objects.get(purpose="training")
    assert response.url == url("detail", made)
    html = page(ada, made)
    assert "Why do tides come?" in html and "1 prompt came in" in html and "a desk" in html
    assert "repeat an earlier one" in html and f"?benchmark={made.pk}" in html
    assert "Questions of a week" in ada.get(LIST).content.decode()


def test_a_large_file_waits_for_a_worker_and_can_be_cancelled(as_person, monkeypatch):
    monkeypatch.setattr(training_prompts, "is_quick", lambda row: False)
    ada = as_person("ada")
    sent(ada, [{"prompt": "One?"}])
    made = Benchmark.objects.get(purpose="training")
    html = page(ada, made)
    assert "waits for a worker" in html and "only=live" in html and "every 2s" in html
    assert ada.post(url("cancel", made)).url == LIST
    assert url("detail", made) not in ada.get(LIST).content.decode()
    assert ada.get(url("detail", made)).status_code == 404


@pytest.mark.parametrize(
    ("rows", "fields", "words"),
    [
        ([{"prompt": "One?"}], {"title": ""}, "This field is required"),
        ([{"prompt": "One?"}], {"language": "English"}, "Give the language as a tag"),
        (None, {}, "Choose files or a folder"),
        ([{"a": "One?", "b": "Two?"}], {}, "Name the one of the prompts"),
        ([{"a": "One?", "b": "Two?"}], {"column": "c"}, "has no column “c”"),
        ([{"prompt": " "}], {}, "The text is empty"),
    ],
    ids=["title", "language", "no file", "no column", "wrong column", "no prompt"],
)
def test_what_cannot_be_read_is_422_with_everything_typed_and_nothing_kept(as_person, settings, rows, fields, words):
    response = sent(as_person("ada"), rows, about="Typed.", **fields)
    html = response.content.decode()
    assert response.status_code == 422 and words in html and "Typed." in html
    assert not Benchmark.objects.filter(purpose="training", archived_at=None).exists()
    assert not settings.UPLOADS_DIR.is_dir() or list(settings.UPLOADS_DIR.iterdir()) == []


def test_nobody_brings_prompts_into_an_organisation_of_others(as_person):
    home = make_organisation("elsewhere")
    assert sent(as_person("ada"), [{"prompt": "One?"}], organisation=home.pk).status_code == 422
    assert sent(as_person("grace"), [{"prompt": "One?"}], organisation=home.pk).status_code == 302


def test_rows_that_stayed_out_are_listed_by_row(as_person):
    ada = as_person("ada")
    sent(ada, [{"prompt": "One?", "id": 1}, {"prompt": "", "id": 2}])
    html = page(ada, Benchmark.objects.get(purpose="training"))
    assert "Rows that stayed out" in html and "The text is empty" in html


def test_one_searches_by_words_and_by_language(as_person):
    made = make_training_prompts("Why do tides come?", "Why is the sky blue?")
    make_prompt(ARABIC, benchmark=made, config=made.prompts.first().config, kind="", language="ar")
    bob = as_person("bob")
    html = bob.get(url("detail", made), {"words": "SKY"}, headers=HTMX).content.decode()
    assert "<body" not in html and "sky blue" in html and "tides" not in html
    html = page(bob, made, language="ar")
    assert ARABIC in html and "sky blue" not in html and undirected(html, ARABIC) == []
    assert "No prompt matches" in page(bob, made, words="nothing like it")


def test_the_recipes_that_build_from_a_set_are_named(as_person):
    made = make_training_prompts("One?")
    make_recipe(benchmark=made, title="Pairs of tides")
    hidden = make_recipe(benchmark=made, organisation=make_organisation("elsewhere"), title="Not for you")
    html = page(as_person("ada"), made)
    assert "Pairs of tides" in html and hidden.title not in html and hidden.title in page(as_person("bob"), made)


def test_archiving_asks_first_and_keeps_everything(as_person):
    made, ada = make_training_prompts("One?"), as_person("ada")
    ada.post(url("archive", made))
    assert Benchmark.objects.get(pk=made.pk).archived_at is None
    assert ada.post(url("archive", made), {"sure": "yes"}).url == LIST
    assert ada.get(url("detail", made)).status_code == 404 and made.prompts.current().count() == 1


def test_texts_of_people_are_escaped_and_run_their_own_way(as_person):
    ada = as_person("ada")
    sent(ada, [{"prompt": HOSTILE, "source": HOSTILE, "id": HOSTILE}], title=HOSTILE, about=HOSTILE)
    html = page(ada, Benchmark.objects.get(purpose="training"))
    assert HOSTILE not in html and inline(html) == [] and HOSTILE not in ada.get(LIST).content.decode()


def test_many_sets_and_prompts_ask_as_often_as_one(as_person):
    bob, counts = as_person("bob"), []
    for number in (1, 30):
        place = training_prompts.place(make_organisation())
        for each in range(number):
            made = make_benchmark(f"set-{number}-{each}", purpose="training")
            make_prompt(f"Part {each}?", benchmark=made, config=place, kind="")
        for each in range(number):
            make_prompt(f"Once more {each}?", benchmark=made, config=place, kind="")
            make_recipe(benchmark=made)
        with CaptureQueriesContext(connection) as asked:
            bob.get(LIST)
            page(bob, made)
        counts.append(len(asked))
    assert counts[0] + 1 == counts[1] <= 25  # how many there are is asked when they do not fit on one page


def test_the_record_of_decisions_leads_to_the_set(as_person):
    sent(as_person("ada"), [{"prompt": "One?"}])
    made = Benchmark.objects.get(purpose="training")
    assert {event.action for event in AuditEvent.objects.filter(object_type__in=("benchmark", "promptimport"))} == {
        "create",
        "import",
    }
    html = as_person("grace").get(reverse("annotations:audit-list")).content.decode()
    assert html.count(url("detail", made)) == 2 and "set of training prompts" in html


def test_an_empty_list_says_what_it_is_for(as_person):
    html = as_person("ada").get(LIST).content.decode()
    assert "Bring in a table" in html and len(elements(html, "a", "primary")) == 1
