"""Who may log in and do what: every change counts once, is written down, and never leaves nobody in charge."""

import pytest
from django.contrib.auth.tokens import default_token_generator

from annotations.models import AuditEvent, Membership, Organisation, RepeatedRequest, User
from annotations.services import people
from tests.databases import at_once
from tests.factories import make_organisation, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NAMES = {"username": "nina", "first_name": "Nina", "last_name": "Alvarez", "email": ""}


def created(**names):
    grace = make_person("grace")
    return people.create(names=NAMES | names, organisation=make_organisation(), role="annotator", actor=grace)


def link_works(person, token):
    return default_token_generator.check_token(User.objects.get(pk=person.pk), token)


def newest():
    event = AuditEvent.objects.first()
    return event.action, event.before, event.after


def test_a_new_person_has_a_role_and_no_password():
    nina = created()
    assert [(held.role, held.organisation.slug) for held in nina.memberships.all()] == [("annotator", "lantern")]
    assert not User.objects.get(pk=nina.pk).has_usable_password()


def test_a_creation_is_written_down_with_names_and_role():
    created()
    after = {"username": "nina", "first_name": "Nina", "last_name": "Alvarez", "role": "annotator at Lantern"}
    assert newest() == ("create", {}, after)


def test_a_user_name_that_is_taken_creates_nothing():
    created()
    with pytest.raises(people.PeopleProblem, match=people.NAME_TAKEN):
        created()
    assert User.objects.filter(username="nina").count() == 1 == AuditEvent.objects.count()


def test_new_names_are_written_down_alone_and_only_when_they_differ():
    nina, grace = created(), make_person("grace")
    people.rename(person=nina, names={"first_name": "Nina", "last_name": "Okoye", "email": ""}, actor=grace)
    assert newest() == ("edit", {"last_name": "Alvarez"}, {"last_name": "Okoye"})
    people.rename(person=nina, names={"first_name": "Nina", "last_name": "Okoye", "email": ""}, actor=grace)
    assert AuditEvent.objects.filter(action="edit").count() == 1


def test_a_role_given_and_taken_is_written_down():
    nina, grace = created(), make_person("grace")
    assert people.give_role(person=nina, organisation=make_organisation(), role="lead", actor=grace)
    assert newest() == ("give_role", {}, {"role": "lead at Lantern"})
    assert people.take_role(person=nina, membership=nina.memberships.get(role="lead").pk, actor=grace)
    assert newest() == ("take_role", {"role": "lead at Lantern"}, {})


def test_a_role_that_is_there_or_gone_already_is_no_event():
    nina, grace = created(), make_person("grace")
    held = nina.memberships.get()
    assert not people.give_role(person=nina, organisation=held.organisation, role=held.role, actor=grace)
    assert not people.take_role(person=nina, membership=held.pk + 1, actor=grace)
    assert AuditEvent.objects.count() == 1


def test_a_role_of_somebody_else_is_not_taken():
    nina, ada, grace = created(), make_person("ada"), make_person("grace")
    assert not people.take_role(person=nina, membership=ada.memberships.get().pk, actor=grace)
    assert ada.memberships.exists()


def test_a_link_works_once():
    nina = created()
    _, token = people.link_parts(nina)
    assert link_works(nina, token)
    people.set_password(person=nina, password="a-long-lantern")
    assert not link_works(nina, token) and newest() == ("set_password", {}, {})


def test_the_audit_record_holds_neither_password_nor_link():
    nina = created()
    _, token = people.link_parts(nina)
    people.set_password(person=nina, password="a-long-lantern")
    kept = str(list(AuditEvent.objects.values()))
    assert "a-long-lantern" not in kept and token not in kept


def test_only_the_newest_link_works():
    nina, grace = created(), make_person("grace")
    _, first = people.link_parts(nina)
    people.renew_link(person=nina, actor=grace)
    _, second = people.link_parts(User.objects.get(pk=nina.pk))
    assert (link_works(nina, first), link_works(nina, second)) == (False, True)


def test_a_link_that_was_used_meanwhile_sets_nothing():
    nina = created()
    late = User.objects.get(pk=nina.pk)
    people.set_password(person=nina, password="a-long-lantern")
    with pytest.raises(people.PeopleProblem, match="was used or replaced"):
        people.set_password(person=late, password="a-late-lantern-2")
    assert User.objects.get(pk=nina.pk).check_password("a-long-lantern")


def test_deactivation_kills_password_and_links():
    nina, grace = created(), make_person("grace")
    people.set_password(person=nina, password="a-long-lantern")
    _, token = people.link_parts(nina)
    assert people.deactivate(person=nina, actor=grace)
    assert newest() == ("deactivate", {"active": True}, {"active": False})
    assert people.reactivate(person=nina, actor=grace)
    back = User.objects.get(pk=nina.pk)
    assert back.is_active and not back.has_usable_password() and not link_works(nina, token)


@pytest.mark.parametrize("end", ["take_role", "deactivate"])
def test_who_loses_a_role_or_is_out_gets_no_kept_answer_of_a_program_again(end):
    nina, ada, grace = created(), make_person("ada"), make_person("grace")
    for person in (nina, ada):
        RepeatedRequest.objects.create(user=person, key="one", fingerprint="1" * 64)
    lost = {"membership": nina.memberships.get().pk} if end == "take_role" else {}
    assert getattr(people, end)(person=nina, actor=grace, **lost)
    assert list(RepeatedRequest.objects.values_list("user", flat=True)) == [ada.pk]


def test_a_second_deactivation_or_reactivation_is_no_event():
    nina, grace = created(), make_person("grace")
    assert [people.deactivate(person=nina, actor=grace) for _ in range(2)] == [True, False]
    assert [people.reactivate(person=nina, actor=grace) for _ in range(2)] == [True, False]
    assert AuditEvent.objects.count() == 3


def test_somebody_deactivated_gets_no_link():
    nina, grace = created(), make_person("grace")
    people.deactivate(person=nina, actor=grace)
    with pytest.raises(people.PeopleProblem, match="is deactivated"):
        people.renew_link(person=nina, actor=grace)


def take_own_role(person):
    people.take_role(person=person, membership=person.memberships.get(role="admin").pk, actor=person)


def deactivate_oneself(person):
    people.deactivate(person=person, actor=person)


@pytest.mark.parametrize("step", [take_own_role, deactivate_oneself])
def test_the_last_active_admin_cannot_go(step):
    grace = make_person("grace")
    User.objects.create(username="root", is_superuser=True, is_active=False)
    with pytest.raises(people.PeopleProblem, match="You are the last active admin"):
        step(grace)
    assert people.active_admins() == {grace.pk}


@pytest.mark.parametrize("step", [take_own_role, deactivate_oneself])
def test_an_admin_cannot_go_alone(step):
    grace, _ = make_person("grace"), make_person("gus", role="admin")
    with pytest.raises(people.PeopleProblem, match="Ask another admin"):
        step(grace)


def test_an_admin_may_take_the_admin_role_from_another():
    grace, gus = make_person("grace"), make_person("gus", role="admin")
    assert people.take_role(person=gus, membership=gus.memberships.get().pk, actor=grace)
    assert people.active_admins() == {grace.pk}


def test_a_superuser_is_an_admin_too():
    root, grace = User.objects.create(username="root", is_superuser=True), make_person("grace")
    assert people.active_admins() == {root.pk, grace.pk}
    assert people.deactivate(person=grace, actor=root)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_deactivate_each_other_leave_one():
    grace, gus = make_person("grace"), make_person("gus", role="admin")
    done = at_once(
        lambda: people.deactivate(person=gus, actor=grace), lambda: people.deactivate(person=grace, actor=gus)
    )
    assert sorted(str(one) for one in done) == sorted(["True", people.NO_ADMIN])
    assert len(people.active_admins()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_take_each_others_role_leave_one():
    grace, gus = make_person("grace"), make_person("gus", role="admin")
    held = {person: person.memberships.get().pk for person in (grace, gus)}
    done = at_once(
        lambda: people.take_role(person=gus, membership=held[gus], actor=grace),
        lambda: people.take_role(person=grace, membership=held[grace], actor=gus),
    )
    assert sorted(str(one) for one in done) == sorted(["True", people.NO_ADMIN])
    assert len(people.active_admins()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_give_one_role_give_it_once():
    nina, grace, lantern = created(), make_person("grace"), make_organisation()
    jobs = [lambda: people.give_role(person=nina, organisation=lantern, role="lead", actor=grace)] * 4
    assert sorted(at_once(*jobs)) == [False, False, False, True]
    assert Membership.objects.filter(user=nina, role="lead").count() == 1
    assert AuditEvent.objects.filter(action="give_role").count() == 1


def test_a_change_of_an_organisation_is_written_down_before_and_after():
    lantern, grace = make_organisation(about="Games."), make_person("grace")
    fields = {"name": "Lantern", "slug": "lantern", "about": "Games.", "approvals_needed": 2}
    people.save_organisation(organisation=lantern, fields=fields, actor=grace)
    assert newest() == ("edit", {"approvals_needed": 1}, {"approvals_needed": 2})


def test_a_new_organisation_is_written_down():
    fields = {"name": "Harbour", "slug": "harbour", "about": "", "approvals_needed": 1}
    made = people.save_organisation(organisation=Organisation(), fields=fields, actor=make_person("grace"))
    assert (made.slug, newest()) == ("harbour", ("create", {}, fields))


def test_a_short_name_that_is_taken_saves_nothing():
    make_organisation("harbour")
    fields = {"name": "Another", "slug": "harbour", "about": "", "approvals_needed": 1}
    with pytest.raises(people.PeopleProblem, match=people.SLUG_TAKEN):
        people.save_organisation(organisation=Organisation(), fields=fields, actor=make_person("grace"))
