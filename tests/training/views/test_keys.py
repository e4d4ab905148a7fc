"""The pages of keys: the list, a secret that is shown once, limits, revoking."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core.secret import digest
from annotations.models import AuditEvent, Membership, RepeatedRequest
from tests.factories import make_config, make_deployment, make_key, make_organisation, make_person, make_version
from training.models import ApiKey, Traffic
from training.services.deploy import keys

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("training:key-list"), reverse("training:key-new")


def url(name, key):
    return reverse(f"training:key-{name}", args=[key.pk])


def form(deployment=None, **fields):
    return {"name": "front desk", "opens": deployment.pk if deployment else "", "once": "n" * 32} | fields


def secret_on(answer):
    return re.search(r'id="key-secret"[^>]*>([^<]+)<', answer.content.decode())[1]


def test_the_secret_is_shown_once_and_kept_nowhere(as_person):
    deployment, lea = make_deployment(), as_person("lea")
    answer = lea.post(NEW, form(deployment, tokens_per_month="100000"))
    secret, key = secret_on(answer), ApiKey.objects.get()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert key.digest == digest(secret)
    assert (key.deployment, key.created_by.username, key.tokens_per_month) == (deployment, "lea", 100000)
    stored = [*RepeatedRequest.objects.values_list("body"), *AuditEvent.objects.values_list("after")]
    stored += [session.get_decoded() for session in Session.objects.all()]
    assert secret not in str(stored) + str(answer.cookies) + str(answer.headers)
    assert secret not in lea.get(url("detail", key)).content.decode()


def test_a_form_sent_twice_makes_one_key(as_person):
    deployment, lea = make_deployment(), as_person("lea")
    first = lea.post(NEW, form(deployment))
    again = lea.post(NEW, form(deployment), follow=True)
    assert ApiKey.objects.count() == 1
    assert again.redirect_chain == [(url("detail", ApiKey.objects.get()), 302)]
    page = again.content.decode()
    assert "made already" in page
    assert secret_on(first) not in page


def test_a_form_for_a_deployment_names_its_organisation(as_person):
    deployment = make_deployment(version=make_version(make_config(organisation=make_organisation("zebra"))))
    form = as_person("grace").get(NEW, {"deployment": deployment.pk}).context["form"]
    assert form["organisation"].value() == deployment.organisation_id
    assert form.fields["opens"].label_from_instance(deployment) == f"{deployment.slug} (Zebra)"


def test_a_new_key_is_offered_where_the_person_gives_keys(as_person):
    theirs = make_deployment("far", make_version(make_config("far", make_organisation("elsewhere"))))
    mine, lea = make_deployment(), as_person("lea")
    Membership.objects.create(user=make_person("lea"), organisation=theirs.organisation, role="expert")
    offered = [NEW in lea.get(LIST, {"deployment": one.pk}).content.decode() for one in (mine, theirs)]
    assert offered == [True, False] and NEW in lea.get(LIST).content.decode()


def test_each_page_with_the_form_asks_for_a_key_of_its_own(as_person):
    lea = as_person("lea")
    asked = {lea.get(NEW).context["form"]["once"].value() for _ in range(2)}
    assert len(asked) == 2


def test_a_lead_gives_keys_for_the_own_organisation_alone(as_person):
    theirs = make_deployment("far", make_version(make_config("far", make_organisation("elsewhere"))))
    mine, lea = make_deployment(), as_person("lea")
    Membership.objects.create(user=make_person("lea"), organisation=theirs.organisation, role="expert")
    assert list(lea.get(NEW).context["form"].fields["opens"].queryset) == [mine]
    assert lea.post(NEW, form(theirs)).status_code == 422
    assert lea.post(NEW, form(organisation=theirs.organisation_id)).status_code == 422
    assert lea.get(NEW, {"deployment": theirs.pk}).status_code == 403
    assert ApiKey.objects.count() == 0


def test_an_admin_gives_a_key_that_opens_all_of_an_organisation(as_person):
    home = make_organisation()
    assert as_person("grace").post(NEW, form(organisation=home.pk)).status_code == 200
    assert (ApiKey.objects.get().organisation, ApiKey.objects.get().deployment) == (home, None)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"requests_per_minute": "0"}, "requests_per_minute"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
    ],
)
def test_a_refused_form_says_why_beside_the_field_and_makes_nothing(as_person, fields, field):
    answer = as_person("lea").post(NEW, form(make_deployment()) | fields)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert ApiKey.objects.count() == RepeatedRequest.objects.count() == 0


def test_limits_and_end_are_changed_and_shown_as_the_day_they_end_on(as_person):
    key, lea = make_key(make_deployment())[0], as_person("lea")
    sent = {"name": "back office", "requests_per_minute": "30", "last_day": "2099-12-31"}
    assert lea.post(url("edit", key), sent).status_code == 302
    key.refresh_from_db()
    assert (key.name, key.requests_per_minute, key.tokens_per_minute) == ("back office", 30, None)
    assert key.expires_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert 'value="2099-12-31"' in lea.get(url("detail", key)).content.decode()


def test_an_end_that_is_not_touched_stays_to_the_second(as_person):
    ends = datetime(2099, 12, 31, 6, 30, 15, tzinfo=UTC)
    key, lea = make_key(make_deployment(), expires_at=ends)[0], as_person("lea")
    day = str(lea.get(url("detail", key)).context["form"]["last_day"].value())
    assert lea.post(url("edit", key), {"name": "back office", "last_day": day}).status_code == 302
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("back office", ends)


def test_a_revoked_key_stays_and_can_be_changed_no_more(as_person):
    key, lea = make_key(make_deployment())[0], as_person("lea")
    assert "Revoke front desk</button>" in lea.get(url("detail", key)).content.decode()
    assert lea.post(url("revoke", key)).status_code == 302
    again = lea.post(url("revoke", key), follow=True).content.decode()
    assert "Somebody was faster" in again
    assert "Revoke front desk</button>" not in again
    assert lea.post(url("edit", key), {"name": "new"}).status_code == 422
    assert ApiKey.objects.get().revoked_by.username == "lea"


def test_the_list_shows_what_was_used_and_is_filtered(as_person):
    deployment = make_deployment()
    key, _ = make_key(deployment, name="own", tokens_per_month=100)
    make_key(make_deployment("other"), name="of another")
    make_key(name="of all")
    make_key(deployment, name="late", expires_at=deployment.created_at)
    kept = {"version": deployment.version, "candidate": deployment.candidate, "at": datetime.now(UTC)}
    Traffic.objects.create(deployment=deployment, key=key, outcome="answered", requests=1, tokens_in=60, **kept)
    client = as_person("ada")

    def found(**wanted):
        return [row.key.name for row in client.get(LIST, wanted).context["rows"]]

    assert found() == ["of all", "of another", "own"]
    assert found(deployment=deployment.pk) == ["of all", "own"]
    assert found(state="expired") == ["late"]
    assert "60 of 100 tokens used" in client.get(LIST).content.decode().replace("\u202f", "")


@pytest.mark.parametrize(
    ("less", "words"),
    [(1, "Calls are refused."), (0, "ask for no shorter answer are refused"), (-(10**6), None)],
)
def test_a_quota_that_has_less_left_than_a_call_reserves_says_so(as_person, less, words):
    deployment = make_deployment()
    least = keys.least_tokens(deployment.organisation_id, deployment)
    # 1,000 were used; left is one token less than, exactly, or far more than the shortest call reserves
    key, _ = make_key(deployment, tokens_per_month=1000 + least - less)
    kept = {"version": deployment.version, "candidate": deployment.candidate, "at": datetime.now(UTC)}
    Traffic.objects.create(deployment=deployment, key=key, outcome="answered", requests=1, tokens_in=1000, **kept)
    client = as_person("ada")
    row = client.get(LIST).context["rows"][0]
    assert row.call == (least, least - 1 + deployment.candidate.max_tokens)
    for page in (client.get(LIST), client.get(url("detail", key))):
        html = page.content.decode()
        assert ("too few left" in html, "<title>Even" in html) == (bool(words), bool(words))
        assert not words or words in html
    shortest = f"{least if less == 1 else row.call.usual:,}"
    assert not words or f"reserves {shortest} tokens" in row.short and f"{least - less:,} are left" in row.short


def test_a_key_of_all_needs_what_its_cheapest_deployment_needs_and_a_retired_one_needs_nothing():
    dear = make_deployment("dear", shown=[{"kind": "safe", "prompt": "a" * 500, "response": "b"}])
    cheap = make_deployment("cheap", dear.version)
    gone = make_deployment("gone", dear.version, retired_at=datetime.now(UTC))
    made = [make_key(each, tokens_per_month=9)[0] for each in (dear, cheap, gone)]
    made.append(make_key(organisation=dear.organisation, name="all", tokens_per_month=9)[0])
    calls = keys.calls(made)
    assert calls[made[1].pk] == calls[made[3].pk] and calls[made[0].pk].least == calls[made[1].pk].least + 533
    assert made[2].pk not in calls  # 500 + 1 bytes more, and 16 for each of the two messages


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(as_person):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    client = as_person("grace")
    for number in range(25):
        make_key(make_deployment(f"game-{number}"), tokens_per_month=5)
        if number == 2:
            few = asked()
    assert asked() == few
