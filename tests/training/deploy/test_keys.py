"""Keys: made and shown once, changed, revoked; what is refused, and what is written down of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotations.core.secret import digest
from annotations.models import AuditEvent
from tests.databases import at_once
from tests.factories import make_candidate, make_config, make_deployment, make_key, make_organisation, make_person
from tests.factories import make_version as version
from training.gateway.conversation import bound
from training.models import ApiKey, Deployment
from training.services.deploy import grants, keys
from training.services.deploy.keys import KeyProblem

pytestmark = pytest.mark.django_db
NONE: dict[str, Any] = dict.fromkeys(keys.Terms._fields)


@pytest.fixture
def deployment() -> Deployment:
    return make_deployment()


def issue(deployment: Deployment | None, **more: Any) -> tuple[ApiKey, str]:
    home = deployment.organisation if deployment else make_organisation()
    given = {"organisation": home, "deployment": deployment, "name": "front desk", "actor": make_person("grace")}
    return keys.issue(**(given | NONE | more))


def test_the_secret_is_given_back_and_nowhere_kept(deployment: Deployment) -> None:
    key, secret = issue(deployment, requests_per_minute=5)
    assert set(grants.read([digest(secret)])) == {key.digest}
    kept = [str(value) for row in (*ApiKey.objects.values(), *AuditEvent.objects.values()) for value in row.values()]
    assert secret.startswith(key.prefix) and not any(secret in one for one in kept)


def test_each_decision_is_written_down_without_the_digest(deployment: Deployment) -> None:
    key, _ = issue(deployment)
    keys.change(key=key, actor=key.created_by, name="back desk", **(NONE | {"requests_per_minute": 9}))
    keys.revoke(key=key, actor=key.created_by)
    events = AuditEvent.objects.filter(object_type="apikey").order_by("pk")
    assert [event.action for event in events] == ["issue", "edit", "revoke"]
    assert (events[1].before["requests_per_minute"], events[1].after["requests_per_minute"]) == (None, 9)
    assert not any(key.digest in str((event.before, event.after)) for event in events)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": 2_000_000_000}, "tokens_per_minute"),
        ({"tokens_per_month": 10**13}, "tokens_per_month"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_limits_and_names_have_their_bounds(deployment: Deployment, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        issue(deployment, **terms)
    assert problem.value.field == field


def test_an_end_in_the_past_is_refused(deployment: Deployment) -> None:
    with pytest.raises(KeyProblem, match="would have expired") as problem:
        issue(deployment, expires_at=timezone.now() - timedelta(seconds=1))
    assert problem.value.field == "expires_at"


def test_a_retired_deployment_and_one_of_others_get_no_key(deployment: Deployment) -> None:
    far = make_deployment("far", version(make_config("far", make_organisation("elsewhere"))))
    with pytest.raises(KeyProblem, match="another organisation's"):
        issue(far, organisation=deployment.organisation)
    Deployment.objects.filter(pk=deployment.pk).update(retired_at=timezone.now())
    with pytest.raises(KeyProblem, match="retired"):
        issue(deployment)


@pytest.mark.parametrize("strategy", ["plain", "few_shot"])
def test_limits_under_which_no_call_fits_are_refused_with_the_least_number(strategy: str) -> None:
    shown = [{"prompt": "What ís it?", "response": "A game.", "source": "demo"}] if strategy == "few_shot" else []
    candidate = make_candidate(strategy=strategy, settings={"shots": 1} if shown else {})
    one = Deployment.objects.create(
        slug="game", version=version(), organisation=make_organisation(), candidate=candidate, shown=[]
    )
    served = grants.of_deployment(one.pk)
    assert served is not None
    # what the gateway would reserve for one byte in and one token out
    said = [{"role": "system", "content": served.system}, {"role": "user", "content": "x"}]
    least = bound(said, 1)
    with pytest.raises(KeyProblem, match=f"{least:,}") as problem:
        issue(one, tokens_per_month=10**6, tokens_per_minute=least - 1)
    assert problem.value.field == "tokens_per_minute"
    assert issue(one, tokens_per_minute=least)[0].tokens_per_minute == least
    with pytest.raises(KeyProblem, match=f"{least:,}"):
        issue(None, tokens_per_month=least - 1)


def test_a_change_of_nothing_is_refused(deployment: Deployment) -> None:
    key, _ = issue(deployment)
    with pytest.raises(KeyProblem, match="nothing was changed"):
        keys.change(key=key, name="front desk", actor=key.created_by, **NONE)


def test_a_revoked_key_is_neither_changed_nor_revoked_again(deployment: Deployment) -> None:
    key, secret = issue(deployment)
    keys.revoke(key=key, actor=key.created_by)
    assert grants.read([digest(secret)]) == {}
    with pytest.raises(KeyProblem, match="Somebody was faster"):
        keys.revoke(key=key, actor=key.created_by)
    with pytest.raises(KeyProblem, match="Somebody was faster"):
        keys.change(key=key, name="other", actor=key.created_by, **NONE)


def test_an_organisation_has_a_bounded_number_of_keys(deployment: Deployment, monkeypatch: Any) -> None:
    monkeypatch.setattr(keys, "MOST_LIVING", 1)
    key, _ = issue(deployment)
    with pytest.raises(KeyProblem, match="Revoke one first"):
        issue(deployment)
    keys.revoke(key=key, actor=None)
    assert issue(deployment)[0].pk


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_who_revoke_one_wins() -> None:
    key, _ = make_key(make_deployment())
    answers = at_once(*[lambda: keys.revoke(key=key, actor=None)] * 2)
    assert sum(isinstance(one, KeyProblem) for one in answers) == 1 == answers.count(None)
    assert AuditEvent.objects.filter(action="revoke").count() == 1
