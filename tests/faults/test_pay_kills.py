"""R-B1, R-B2, R-B3: pay and gift runs killed in the middle, started twice, delivered five times."""

from __future__ import annotations

import signal

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

WORLD = """
    from members.models import User
    from pooling import accounts, funds
    from pooling.circles import circles, giving
    from pooling.circles import terms as rules
    from pooling.circles.models import Carried
    from pooling.claims import claims
    from pooling.claims.models import Instalment
    from pooling.models import Fund
    from pooling.payouts import paying
    from pooling.payouts.models import PayRun
    from pooling.treasury import banks
    from pooling.treasury.models import BankAccount
    def fund(): return Fund.objects.select_related("account__currency").get(slug="sickness")
"""

SET_UP = (
    WORLD
    + """
    by, other, first, second = tessa().pk, theo().pk, clara().pk, cem().pk
    day = dt.date(2026, 1, 1)
    made = funds.open_fund(name="Sickness", description="", promise="VARYING", currency="EUR", target=None, by=by,
                           on=day)
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=day)
    start = accounts.opening("EUR")
    for key, amount, debit, credit in (("bank", 9000, bank.account, start), ("fund", 1000, start, made.account)):
        journal.post(kind=Kind.OPENING_BALANCE, key=f"kill/{key}", date=ON, recorded_by=None,
                     transfers=[journal.move(Money(amount, "EUR"), debit=debit, credit=credit)])
    wanted = rules.Wanted(levels=[(3375, 10000)], smallest=20, largest=20, claim_retention=1000)
    said = rules.propose(fund_id=made.pk, wanted=wanted, valid_from=day, text="x", by=by, on=day)
    rules.confirm(decision_id=said.pk, by=other, on=day)
    circle = circles.form(name="Linden", fund_id=made.pk, by=by, on=day)
    for n, member in enumerate(make_members(*(f"Member{n:02} X" for n in range(24)))):
        if n < 20:
            circles.ask(circle_id=circle.pk, member_id=member.pk, place=1, by=by, on=day)
        if n < 8:
            buffer = accounts.buffer("sickness", member.number, "EUR", member.pk)
            journal.post(kind=Kind.OPENING_BALANCE, key=f"kill/{member.number}", date=ON, recorded_by=None,
                         transfers=[journal.move(Money(100, "EUR"), debit=bank.account, credit=buffer)])
        one = claims.submit(member_id=member.pk, fund_id=made.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
                            amount=Money("77.77", "EUR"), form_key=f"k{n}", by=member.user_id, on=ON)
        claims.propose(claim_id=one.pk, amount=Money("77.77", "EUR"), by=first, on=ON)
        claims.approve(claim_id=one.pk, by=second, on=ON)
    circles.open_circle(circle_id=circle.pk, by=by, on=day)
    print("ready")
"""
)

GIVE = (
    WORLD
    + """
    def die(run):
        if run.done >= {after}:
            os.kill(os.getpid(), signal.SIGKILL)
    giving.give(on=ON, by=None, on_progress=die)
    print(Carried.objects.count(), sum(Carried.objects.values_list("given", flat=True)), len(list(audit.findings())))
"""
)

PAY = (
    WORLD
    + """
    def die(run):
        if run.done >= {after}:
            os.kill(os.getpid(), signal.SIGKILL)
    run = PayRun.objects.first() or paying.start(
        fund_id=fund().pk, bank_id=BankAccount.objects.get().pk, seen=None, form_key="a" * 32, by=1, on=ON)
    paying.pay(number=run.number, by=None, chunk=3, on_progress=die)
    run = PayRun.objects.get()
    paid = sum(Instalment.objects.values_list("amount_paid", flat=True))
    left = balances.raw(BankAccount.objects.select_related("account").get().account)
    print(run.state, run.payable + run.gifts == paid == run.paid, left == 980000 - paid, len(list(audit.findings())))
"""
)


FIVE_AT_ONCE = (
    WORLD
    + """
    giving.give(on=ON, by=None)
    run = paying.start(fund_id=fund().pk, bank_id=BankAccount.objects.get().pk, seen=None, form_key="a" * 32, by=1,
                       on=ON)
    if not {guarded}:
        # No lock, no look at the state, no key that is the same again, and no wall behind them.
        changes = (("AND i.state = 'APPROVED'", ""), ("FOR NO KEY UPDATE OF i", ""), ("FOR NO KEY UPDATE", ""),
                   ("{{head}}::text", "{{head}}::text || gen_random_uuid()"))
        for name in ("_LOCK_CLAIMS", "_LOCK", "_TRANSFERS"):
            query = getattr(paying, name)
            for what, instead in changes:
                query = query.replace(what, instead)
            assert query != getattr(paying, name)
            setattr(paying, name, query)
        book = chart.coop_book()
        walls = ("liabilities:benefits:", "liabilities:claims-payable:")
        for account in [one for wall in walls for one in chart.with_prefix(wall, book=book)]:
            chart.set_limits(account, amount_min=None, amount_max=None)
    together(5, lambda n: paying.pay(number=run.number, by=None, chunk=7))
    gone = 980000 - balances.raw(BankAccount.objects.select_related("account").get().account)
    states = sorted(set(Instalment.objects.values_list("state", flat=True)))
    print(gone / (run.payable + run.gifts), states, len(list(audit.findings())))
"""
)


@pytest.fixture(scope="module")
def world():
    """Twenty-four approved claims, twenty of them carried by a circle; each test gets a copy of it."""
    world = Arena()
    assert world.answer(SET_UP) == "ready"
    yield world
    world.drop()


@pytest.fixture
def arena(world):
    arena = Arena(like=world)
    yield arena
    arena.drop()


class TestRuns:
    def test_give_and_pay_everything_once_however_often_they_are_killed(self, arena):
        for after in (1, 3, 1):
            assert arena.run(GIVE.format(after=after)).returncode == -signal.SIGKILL
        assert arena.answer(GIVE.format(after=10**6)) == "20 20000 0"
        for after in (3, 9, 18):
            assert arena.run(PAY.format(after=after)).returncode == -signal.SIGKILL
        assert arena.answer(PAY.format(after=10**6)) == "PAID True True 0"

    def test_pay_once_what_five_deliver_at_once(self, arena):
        """R-B3: the same run, five times, when nothing of it is paid yet."""
        assert arena.answer(FIVE_AT_ONCE.format(guarded=True)) == "1.0 ['PAID'] 0"

    def test_pay_several_times_what_five_deliver_at_once_unguarded(self, arena):
        """The control: every chunk is paid by whoever comes to it, and the audit finds it."""
        times, *_states, findings = arena.answer(FIVE_AT_ONCE.format(guarded=False)).split()
        assert float(times) > 1
        assert int(findings) > 0

    def test_pay_twice_when_they_only_look_before_they_act(self, arena):
        """The protection taken away: no key, and the state set in a second commit."""
        naive = (
            WORLD
            + """
            import uuid
            account = BankAccount.objects.select_related("account__currency").get().account
            marked = chart.open(book=chart.coop_book(), code="assets:naive", type=AccountType.ASSET, currency="EUR")
            acted = 0
            for one in Instalment.objects.order_by("pk"):
                if one.days == 1:
                    continue
                journal.post(kind=Kind.COST_PAID, key=f"naive/{uuid.uuid4()}", date=ON, recorded_by=None,
                             transfers=[journal.move(Money(1, "EUR"), debit=marked, credit=account)])
                acted += 1
                if acted >= int(os.environ["AFTER"]):
                    os.kill(os.getpid(), signal.SIGKILL)
                Instalment.objects.filter(pk=one.pk).update(days=1)
            print(balances.raw(marked))
        """.replace("\n        ", "\n")
        )
        for after in ("3", "5"):
            assert arena.run(naive, AFTER=after).returncode == -signal.SIGKILL
        assert int(arena.run(naive, AFTER="1000000").stdout.split()[-1]) == 2600
