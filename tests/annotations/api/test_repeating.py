"""The Idempotency-Key: what is asked for twice is made once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import RepeatedRequest, SafetyConfig
from annotations.services import people, repeats
from tests.databases import at_once
from tests.factories import make_benchmark, make_organisation, make_person
from tests.programs import Program

both = pytest.mark.both_databases


def said(**more):
    return {"organisation": make_organisation().pk, "title": "Game"} | more


@pytest.mark.django_db
def test_a_repeated_request_makes_nothing_and_is_answered_alike():
    program = Program()
    first, again = (program.send("configs/", said(), key="one") for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert SafetyConfig.objects.count() == 1


@pytest.mark.django_db
def test_another_request_under_the_key_is_refused():
    program = Program()
    program.send("configs/", said(), key="one")
    assert program.send("configs/", said(title="Film"), key="one").status_code == 422
    assert program.send("configs/?", said(), key="two").status_code == 201


@pytest.mark.django_db
def test_keys_of_two_people_are_two_keys():
    assert [Program(one).send("configs/", said(), key="one").status_code for one in ("ada", "lea")] == [201, 201]
    assert SafetyConfig.objects.count() == 2


@pytest.mark.django_db
def test_a_refused_request_is_not_kept():
    program = Program()
    assert program.send("configs/", {"organisation": make_organisation().pk}, key="one").status_code == 422
    assert program.send("configs/", said(), key="one").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_middle_leaves_neither_row_nor_key(monkeypatch):
    program = Program()
    monkeypatch.setattr("annotations.api.configs._config", lambda *_: 1 / 0)
    assert program.send("configs/", said(), key="one").status_code == 500
    assert (SafetyConfig.objects.count(), RepeatedRequest.objects.count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "ä"])
def test_a_key_that_is_none_is_told_so(key):
    headers = {"Idempotency-Key": key}
    answer = Program().client.post("/api/v1/configs/", said(), content_type="application/json", headers=headers)
    assert answer.status_code == 400


@pytest.mark.django_db
def test_what_makes_nothing_new_takes_no_key():
    bench, program = make_benchmark(title="Desk"), Program()
    told = program.send(f"benchmarks/{bench.pk}/archive/", key="one")
    assert (told.status_code, list(told.json()["errors"])) == (400, ["Idempotency-Key"])
    assert program.send(f"benchmarks/{bench.pk}/", {"title": "Sieges"}, method="patch", key="one").status_code == 400
    bench.refresh_from_db()
    assert (bench.archived_at, bench.title, RepeatedRequest.objects.count()) == (None, "Desk", 0)


@pytest.mark.django_db
def test_who_lost_their_role_is_not_told_again_what_they_made():
    lea, grace = make_person("lea"), make_person("grace")
    program = Program("lea")
    assert program.send("configs/", said(), key="one").status_code == 201
    lea.memberships.create(organisation=make_organisation("far"), role="lead")
    people.take_role(person=lea, membership=lea.memberships.get(organisation=make_organisation()).pk, actor=grace)
    assert program.send("configs/", said(), key="one").status_code == 404


@pytest.mark.django_db
def test_a_key_is_forgotten_after_a_day():
    program = Program()
    program.send("configs/", said(), key="one")
    RepeatedRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert program.send("configs/", said(title="Film"), key="one").status_code == 201
    RepeatedRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert (repeats.forget(), RepeatedRequest.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_a_secret_of_an_answer_is_not_stored():
    def made():
        return repeats.Answer(201, {"id": 1, "secret": "cosa-x"})

    asked = {"user": make_person(), "key": "one", "fingerprint": "a" * 64, "make": made}
    asked["kept"] = lambda body: body | {"secret": None}
    first, again = repeats.once(**asked), repeats.once(**asked)
    assert (first.body["secret"], again.body, again.again) == ("cosa-x", {"id": 1, "secret": None}, True)


@both
@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_with_one_key_exactly_one_makes_something():
    program, body = Program(), said()
    answers = at_once(*[lambda: program.send("configs/", body, key="one")] * 4)
    assert SafetyConfig.objects.count() == 1
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409} and 201 in statuses
    fresh = [one for one in answers if one.status_code == 201 and "Idempotent-Replayed" not in one]
    assert len(fresh) == 1
    assert all(one["Retry-After"] == "1" for one in answers if one.status_code == 409)
