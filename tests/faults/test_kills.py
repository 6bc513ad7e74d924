"""R-B1, R-B5: processes killed in the middle of a money run, and between a commit and its bell."""

from __future__ import annotations

import signal

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    arena.answer("""
        from pooling import dues, funds
        by = tessa().pk
        fund = funds.open_fund(name="Sickness", description="", promise="VARYING", currency="EUR", target=None, by=by,
                               on=dt.date(2026, 1, 1))
        plan = dues.open_plan(name="Standard", every="MONTH", amount=Money(45, "EUR"), shares=[(fund.pk, 1)],
                              valid_from=dt.date(2026, 1, 1), days_to_pay=14, by=by)
        for n in range(30):
            member = make_member(f"Member{n:02} X")
            dues.put_on_plan(member_id=member.pk, plan_id=plan.pk, since=dt.date(2026, 1, 1), by=by)
        print("ready")
    """)
    yield arena
    arena.drop()


RUN = """
    from mutual.periods import parse
    from pooling import dues
    from pooling.models import Charge
    def die(run):
        if run.done >= {after}:
            os.kill(os.getpid(), signal.SIGKILL)
    run = dues.charge_period(period=parse({period!r}), on=ON, by=None, chunk=7, on_progress=die)
    owed = {{balances.raw(a) for a in chart.with_prefix("assets:dues-receivable:", book=chart.coop_book())}}
    print(run.done, run.known, run.refused, Charge.objects.filter(period={period!r}).count(), len(owed),
          len(list(audit.findings())))
"""


class TestChargeRun:
    def test_charges_everybody_exactly_once_however_often_it_is_killed(self, arena):
        for after in (7, 14, 28):
            died = arena.run(RUN.format(period="2026-10", after=after))
            assert died.returncode == -signal.SIGKILL
        assert arena.answer(RUN.format(period="2026-10", after=10**6)) == "30 28 0 30 1 0"

    def test_leaves_a_wrong_state_when_it_only_looks_before_it_acts(self, arena):
        """The protection taken away: no key, and two commits where there must be one."""
        naive = """
            import uuid
            from members.models import Member
            from pooling.models import Charge, DuesAccounts, PlanVersion
            version = PlanVersion.objects.get()
            acted = 0
            for member in Member.objects.order_by("pk"):
                if Charge.objects.filter(period="2026-08", member=member).exists():
                    continue
                both = DuesAccounts.objects.select_related("receivable__currency", "deferred__currency")
                own = both.get(pk=member.pk)
                journal.post(kind=Kind.DUES_CHARGED, key=f"dues/naive/{{uuid.uuid4()}}", date=ON, recorded_by=None,
                             transfers=[journal.move(Money(45, "EUR"), debit=own.receivable, credit=own.deferred)])
                acted += 1
                if acted >= {after}:
                    os.kill(os.getpid(), signal.SIGKILL)
                Charge.objects.create(period="2026-08", member=member, version=version, amount=4500, charged_on=ON,
                                      due_on=ON)
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM ledger_transfer WHERE kind = %s AND booked_on = %s",
                               [int(Kind.DUES_CHARGED), ON])
                print(cursor.fetchone()[0], Charge.objects.filter(period="2026-08").count())
        """
        for after in (7, 9):
            assert arena.run(naive.format(after=after)).returncode == -signal.SIGKILL
        assert arena.answer(naive.format(after=10**6)) == "32 30"


class TestQueue:
    def test_does_what_was_committed_although_nobody_rang(self, arena):
        died = arena.run("""
            from django.db import transaction
            from mutual.mail import letters
            with transaction.atomic():
                transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))  # before anything is rung
                letters.write(key="crash", to="a@example.org", subject="s", text="t")
        """)
        assert died.returncode == -signal.SIGKILL
        said = arena.answer("""
            from mutual.jobs import queue
            from mutual.jobs.models import Job
            from mutual.mail.models import Letter
            waiting = Job.objects.filter(task="mutual.mail.letters.deliver", done_at=None).count()
            queue.work_all()
            left = Job.objects.filter(task="mutual.mail.letters.deliver", done_at=None).count()
            print(Letter.objects.filter(key="crash").count(), waiting, left)
        """)
        assert said == "1 1 0"

    def test_is_what_an_effect_is_lost_without(self, arena):
        """The same death, where what is to follow is told at the commit and not written with it."""
        died = arena.run("""
            from django.db import transaction
            from tests.faults import effects
            with transaction.atomic():
                transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
                transaction.on_commit(lambda: effects.slowly(where="told"))
        """)
        assert died.returncode == -signal.SIGKILL
        said = arena.answer("""
            from members.models import Counter
            from mutual.jobs import queue
            queue.work_all()
            print(Counter.objects.filter(series="told").count())
        """)
        assert said == "0"

    def test_does_a_job_five_times_without_its_lock_and_its_state(self, arena):
        said = arena.answer("""
            from contextlib import nullcontext
            from django.db import transaction
            from mutual.jobs import queue
            from mutual.jobs.models import Job
            with transaction.atomic():
                job = queue.after_commit("tests.faults.effects.slowly", where="bare")
            queue._alone = lambda job_id: nullcontext(True)
            queue._take = lambda job_id: Job.objects.get(pk=job_id)
            print(sum(together(5, lambda n: queue.work(job.pk))))
        """)
        assert said == "5"

    @pytest.mark.parametrize("jobs", [20, pytest.param(2000, marks=pytest.mark.soak)])
    def test_does_each_job_once_that_is_delivered_five_times(self, arena, jobs):
        """R-B3: one that takes a while, and many that are over before the next delivery looks."""
        said = arena.answer(f"""
            from django.db import transaction
            from members.models import Counter
            from mutual.jobs import queue
            with transaction.atomic():
                work = [queue.after_commit("tests.faults.effects.slowly", where="five-{jobs}")]
                work += [queue.after_commit("tests.faults.effects.count", where="five-{jobs}") for n in range({jobs})]
            done = [sum(together(5, lambda n: queue.work(job.pk))) for job in work]
            print(set(done), Counter.objects.get(series="five-{jobs}").last - len(work))
        """)
        assert said == "{1} 0"
