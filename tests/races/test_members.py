"""R-B9: applications that arrive in a burst are counted; and two administrators who go at once leave one."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    yield arena
    arena.drop()


BURST = """
    from members import membership
    from members.models import ApplicationTally, Member
    {unlock}
    def one(n):
        said = dict(name="Cleo", email=f"{mark}{{n}}@example.org", trade="", street="", postcode="", city="",
                    country="DE", language="en", motivation="")
        try:
            return membership.apply(said=said, came_from="{mark}", on=ON) is not None
        except membership.TooManyApplications:
            return None
    said = together(24, one)
    print(said.count(True), said.count(None), Member.objects.filter(email__startswith="{mark}").count())
"""

LOOK_THEN_COUNT = """
    import time
    def look_then_count(came_from):
        tally = ApplicationTally.objects.filter(came_from=came_from).first()
        many = len(tally.times) if tally else 0
        time.sleep(0.1)
        ApplicationTally.objects.update_or_create(
            came_from=came_from, defaults=dict(times=[dt.datetime.now(dt.UTC)] * (many + 1)))
        return many + 1
    membership._count = look_then_count
"""

TWINS = """
    from members import membership
    from members.models import Member
    from mutual import repeats
    from django.db import IntegrityError
    membership._count = lambda came_from: 0  # where all are counted, each waits for the other anyway
    {unlock}
    said = dict(name="Cleo", email="{mark}@example.org", trade="", street="", postcode="", city="",
                country="DE", language="en", motivation="")
    def one(n):
        try:
            return membership.apply(said=said, came_from=str(n), on=ON) is not None
        except IntegrityError:
            return "broke"
    said = together(6, one)
    print(said.count(True), said.count(False), "broke" in said)
"""

GO = """
    import time
    from members import roles
    from members.models import RoleGrant
    {unlock}
    RoleGrant.objects.all().delete()
    pair = [make_user(f"{mark}{{n}}@example.org", Role.ADMINISTRATOR) for n in range(2)]
    grants = [user.grants.get().pk for user in pair]
    def go(n):
        try:
            roles.end(grant_id=grants[n], by=pair[n].pk, on=ON)
        except roles.LastAdministrator:
            return "stays"
        return "goes"
    print(sorted(together(2, go)), RoleGrant.objects.filter(ended_on=None).count())
"""


class TestBurst:
    def test_stops_exactly_at_ten(self, arena):
        assert arena.answer(BURST.format(mark="held", unlock="")) == "10 14 10"

    def test_passes_ten_where_one_looks_before_one_counts(self, arena):
        taken = arena.answer(BURST.format(mark="torn", unlock=LOOK_THEN_COUNT)).split()
        assert int(taken[0]) > 10

    def test_of_one_address_makes_one_application(self, arena):
        assert arena.answer(TWINS.format(mark="one", unlock="")) == "1 5 False"

    def test_breaks_without_the_wait(self, arena):
        said = arena.answer(TWINS.format(mark="two", unlock="repeats.wait_for_twin = lambda form_key: None"))
        assert said.endswith("True"), said


class TestAdministrators:
    def test_who_go_at_once_leave_one(self, arena):
        assert arena.answer(GO.format(mark="held", unlock="")) == "['goes', 'stays'] 1"

    def test_leave_nobody_without_the_lock(self, arena):
        unlock = """
    def unlocked():
        held = RoleGrant.objects.filter(role=Role.ADMINISTRATOR, ended_on=None)
        found = dict(held.values_list("pk", "user_id"))
        time.sleep(0.2)
        return found
    roles._administrators = unlocked
"""
        assert arena.answer(GO.format(mark="torn", unlock=unlock)) == "['goes', 'goes'] 0"
