"""The auditor's pages: every figure leads to its entry, its document, and to who approved it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from mutual import periods
from mutual.access import Role
from mutual.ledger import audit, chart, journal, reports, seals
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money
from mutual.trail import trail
from tests.conftest import make_member, make_officer

pytestmark = [pytest.mark.django_db]
DAY = dt.date(2026, 11, 3)
NOVEMBER = periods.parse("2026-11")
PAGES = ["journal", "accounts", "trial_balance", "sheets", "checks"]


def account(code, type=AccountType.ASSET, currency="EUR", **more):
    return chart.open(book=more.pop("book", None) or chart.coop_book(), code=code, type=type, currency=currency, **more)


def signed_in(client, user):
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return client


def pay(amount, debit, credit, key, kind=Kind.COST_PAID, date=DAY, **more):
    return journal.post(
        kind=kind, key=key, date=date, recorded_by=more.pop("recorded_by", None),
        transfers=[journal.move(Money(amount, debit.currency.code), debit=debit, credit=credit)], **more,
    )  # fmt: skip


@pytest.fixture
def bank():
    return account("assets:bank:main", busy=True)


@pytest.fixture
def fund():
    return account("equity:fund:sickness", AccountType.EQUITY, busy=True)


@pytest.fixture
def hosting():
    return account("expenses:hosting", AccountType.EXPENSE)


@pytest.fixture
def auditor(client):
    return signed_in(client, make_officer(Role.AUDITOR, "Anders"))


def words(client, name, *args, **query):
    answer = client.get(reverse(f"ledger:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


class TestWhoMayRead:
    @pytest.mark.parametrize("name", PAGES)
    def test_is_officers_who_keep_or_check_the_books(self, client, name):
        member = make_member()
        client.force_login(member.user)
        assert client.get(reverse(f"ledger:{name}")).status_code == 404
        client.logout()
        assert client.get(reverse(f"ledger:{name}")).status_code == 302

    def test_never_shows_a_members_own_book(self, auditor):
        member = make_member()
        book = chart.member_book(member_id=member.pk, number=member.number)
        hers = account("assets:receivable:1", book=book)
        income = account("income:work", AccountType.INCOME, book=book)
        entry = pay(100, hers, income, "invoice/1", Kind.INVOICE_ISSUED, book=book, document="INV-1")
        assert auditor.get(reverse("ledger:account", args=[hers.pk])).status_code == 404
        assert auditor.get(reverse("ledger:account", args=[hers.pk]), {"format": "csv"}).status_code == 404
        assert auditor.get(reverse("ledger:entry", args=["coop", entry.id])).status_code == 404
        assert "INV-1" not in words(auditor, "journal", period="2026-11")
        answer = auditor.get(reverse("ledger:journal"), {"book": book.code})
        assert "INV-1" not in answer.content.decode()

    def test_takes_no_change(self, auditor):
        for name in PAGES:
            assert auditor.post(reverse(f"ledger:{name}")).status_code == 405


class TestJournal:
    def test_lists_entries_newest_first_with_debits_and_credits(self, auditor, bank, fund, hosting):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        pay("39.90", hosting, bank, "b", date=dt.date(2026, 11, 4), document="K-0001")
        html = words(auditor, "journal", period="2026-11")
        assert html.index("Cost paid") < html.index(">Opening balance</a>")
        assert "€39.90" in html
        assert "K-0001" in html

    def test_asks_by_kind_account_document_and_period(self, bank, fund, hosting):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        pay(7, hosting, bank, "b", document="K-1")
        pay(8, hosting, bank, "c", date=dt.date(2026, 12, 1), document="K-2")
        book = chart.coop_book()

        def found(**asked):
            page = reports.journal(**{"book": book, "period": periods.parse("2026"), **asked})
            return [entry.document for entry in page.entries]

        assert found() == ["K-2", "K-1", ""]
        assert found(kind=Kind.COST_PAID) == ["K-2", "K-1"]
        assert found(document="K-1") == ["K-1"]
        assert found(account="equity:fund:sickness") == [""]
        assert found(account="expenses:") == ["K-2", "K-1"]
        assert found(account="no:such") == []
        assert found(period=NOVEMBER) == ["K-1", ""]

    def test_goes_through_all_pages_and_meets_every_entry_once(self, bank, fund, monkeypatch):
        monkeypatch.setattr(reports, "PAGE", 3)
        for i in range(10):
            pay(
                i + 1,
                bank,
                fund,
                f"e/{i}",
                Kind.OPENING_BALANCE,
                document=f"D-{i}",
                date=DAY + dt.timedelta(days=i % 3),
            )
        seen, before = [], ""
        while True:
            page = reports.journal(book=chart.coop_book(), period=NOVEMBER, before=before)
            seen += [entry.document for entry in page.entries]
            before = page.older
            if not before:
                break
        assert sorted(seen) == [f"D-{i}" for i in range(10)]
        assert len(seen) == 10

    def test_marks_what_was_undone(self, auditor, bank, fund):
        entry = pay(5, bank, fund, "a", Kind.OPENING_BALANCE)
        journal.reverse(entry_id=entry.id, date=DAY, recorded_by=None)
        page = reports.journal(book=chart.coop_book(), period=NOVEMBER)
        assert {one.kind: one.undone for one in page.entries} == {Kind.OPENING_BALANCE: True, Kind.REVERSAL: False}
        assert "Undone" in words(auditor, "journal", period="2026-11")

    def test_shows_no_sum_over_some_of_an_entrys_lines(self, bank, fund):
        journal.post(
            kind=Kind.OPENING_BALANCE, key="many", date=DAY, recorded_by=None,
            transfers=[journal.move(Money(1, "EUR"), debit=bank, credit=fund)] * 150,
        )  # fmt: skip
        (entry,) = reports.journal(book=chart.coop_book(), period=NOVEMBER).entries
        assert entry.sides == ()
        assert entry.more

    @pytest.mark.parametrize(
        "before",
        ["x", "2026-11-03_1_zz", "2026-13-03_1_" + "0" * 32, "2026-11-03_" + "9" * 20 + "_" + "0" * 32, "\x00"],
    )
    def test_does_not_know_a_place_nobody_gave(self, auditor, before):
        assert auditor.get(reverse("ledger:journal"), {"before": before}).status_code == 404

    @pytest.mark.parametrize(
        "query",
        [{"period": "nonsense"}, {"kind": "999"}, {"kind": "x"}, {"account": "\x00"}, {"book": "member/M-000001"}],
    )
    def test_says_what_it_does_not_understand(self, auditor, query):
        html = words(auditor, "journal", **query)
        assert "field-wrong" in html

    def test_asks_a_constant_number_of_queries(self, auditor, bank, fund, django_assert_max_num_queries):
        for i in range(30):
            pay(1, bank, fund, f"e/{i}", Kind.OPENING_BALANCE)
        with django_assert_max_num_queries(16):
            words(auditor, "journal", period="2026-11")


class TestEntry:
    def test_shows_both_columns_who_recorded_it_and_who_decided(self, auditor, bank, fund):
        tessa = make_member("Tessa Brandt")
        clara = make_member("Clara Weiss")
        owed = account("liabilities:claims-payable:M-000001", AccountType.LIABILITY)
        entry = pay(
            750,
            fund,
            owed,
            "claim/C-000001/approved",
            Kind.CLAIM_APPROVED,
            document="C-000001",
            recorded_by=tessa.user.pk,
        )
        trail.record(by=clara.user.pk, did="CLAIM_PROPOSED", subject="C-000001")
        trail.record(by=tessa.user.pk, did="CLAIM_APPROVED", subject="C-000001")
        html = words(auditor, "entry", "coop", entry.id)
        for said in ("Claim approved", "€750.00", "Tessa Brandt", "Clara Weiss", "Claim proposed", "C-000001"):
            assert said in html

    def test_adds_up_what_touches_one_account_twice(self, bank, fund):
        other = account("equity:fund:tools", AccountType.EQUITY, busy=True)
        parts = reports.sides(
            [
                (bank.pk, bank.code, fund.pk, fund.code, Money(30, "EUR")),
                (bank.pk, bank.code, other.pk, other.code, Money(10, "EUR")),
            ]
        )
        assert [(side.code, side.debit, side.credit) for side in parts] == [
            ("assets:bank:main", Money(40, "EUR"), None),
            ("equity:fund:sickness", None, Money(30, "EUR")),
            ("equity:fund:tools", None, Money(10, "EUR")),
        ]
        assert reports.entry_totals(parts) == ((Money(40, "EUR"), Money(40, "EUR")),)

    def test_leads_to_the_entry_that_undid_it_and_back(self, auditor, bank, fund):
        entry = pay(5, bank, fund, "a", Kind.OPENING_BALANCE)
        mirror = journal.reverse(entry_id=entry.id, date=DAY, recorded_by=None, memo="Typed wrongly")
        assert str(mirror.id) in words(auditor, "entry", "coop", entry.id)
        html = words(auditor, "entry", "coop", mirror.id)
        assert str(entry.id) in html
        assert "Typed wrongly" in html

    def test_does_not_know_an_entry_of_another_book(self, auditor, bank, fund):
        entry = pay(5, bank, fund, "a", Kind.OPENING_BALANCE)
        assert auditor.get(reverse("ledger:entry", args=["barter", entry.id])).status_code == 404
        assert auditor.get(reverse("ledger:entry", args=["coop", uuid.uuid4()])).status_code == 404

    def test_escapes_what_was_imported(self, auditor, bank, fund):
        entry = pay(5, bank, fund, "a", Kind.OPENING_BALANCE, memo="<script>alert(1)</script>")
        assert "<script>alert" not in words(auditor, "entry", "coop", entry.id)


class TestAccount:
    def test_runs_a_balance_from_opening_to_closing(self, auditor, bank, fund, hosting):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE, date=dt.date(2026, 10, 1))
        pay("39.90", hosting, bank, "b", document="K-1")
        html = words(auditor, "account", bank.pk, period="2026-11")
        for said in ("€100.00", "−€39.90", "€60.10", "Opening", "Closing"):
            assert said in html

    def test_says_when_there_is_more_than_it_shows(self, auditor, bank, fund, monkeypatch):
        from mutual.ledger import views

        monkeypatch.setattr(views, "STATEMENT_LINES", 2)
        for i in range(4):
            pay(1, bank, fund, f"e/{i}", Kind.OPENING_BALANCE)
        html = words(auditor, "account", bank.pk, period="2026-11")
        assert "There is more than fits here" in html
        assert "€4.00" in html

    def test_comes_as_a_spreadsheet_that_adds_up(self, auditor, bank, fund):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE, document="-1")
        answer = auditor.get(reverse("ledger:account", args=[bank.pk]), {"period": "2026-11", "format": "csv"})
        lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert lines[2][:6] == ["2026-11-03", "'-1", "OPENING_BALANCE", "EUR", "100.00", "100.00"]
        assert lines[-1][5] == "100.00"

    @pytest.mark.parametrize("number", ["0", "-999999", "999999999999999999"])
    def test_does_not_know_an_account_that_is_not_there(self, auditor, number):
        assert auditor.get(f"/books/accounts/{number}/").status_code == 404


class TestAccounts:
    def test_goes_through_all_of_them_once(self, fund):
        for i in range(7):
            account(f"expenses:e{i}", AccountType.EXPENSE)
        account("expenses:e3", AccountType.EXPENSE, "USD")
        seen, after = [], ""
        while True:
            page = reports.accounts(book=chart.coop_book(), beginning="expenses:e", after=after, limit=3)
            seen += [(one.code, one.currency) for one in page.accounts]
            after = page.after
            if not after:
                break
        assert seen == sorted({*((f"expenses:e{i}", "EUR") for i in range(7)), ("expenses:e3", "USD")})

    def test_asks_by_type_and_beginning(self, auditor, bank, fund):
        html = words(auditor, "accounts", type=int(AccountType.ASSET), beginning="assets:b")
        assert "/books/accounts/" in html
        assert "fund" not in html.split("<main")[1]

    @pytest.mark.parametrize(
        "query", [{"after": "|"}, {"after": "x"}, {"after": "\x00|EUR"}, {"type": "9"}, {"beginning": "%"}]
    )
    def test_takes_any_address_without_falling_over(self, auditor, query):
        words(auditor, "accounts", **query)


class TestTrialBalance:
    def test_has_equal_columns_on_any_day(self, auditor, bank, fund, hosting):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE, date=dt.date(2026, 10, 1))
        pay(40, hosting, bank, "b")
        before = words(auditor, "trial_balance", on="2026-10-31")
        assert before.count("€100.00") == 4
        after = words(auditor, "trial_balance", on="2026-11-30")
        assert after.count("€100.00") == 3
        assert "€60.00" in after
        assert "The columns differ" not in after

    def test_comes_as_csv_account_by_account_that_sums_to_zero(self, auditor, bank, fund, hosting):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        pay(40, hosting, bank, "b")
        answer = auditor.get(reverse("ledger:trial_balance"), {"on": "2026-11-30", "format": "csv"})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert 'filename="trial-balance-coop-2026-11-30.csv"' in answer["Content-Disposition"]
        lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert {line["account"]: (line["debit"], line["credit"]) for line in lines} == {
            "assets:bank:main": ("60.00", "0.00"),
            "expenses:hosting": ("40.00", "0.00"),
            "equity:fund:sickness": ("0.00", "100.00"),
        }

    def test_adds_up_members_accounts_of_one_sort(self, auditor, fund):
        for i in (1, 2):
            pay(48, account(f"assets:dues-receivable:M-00000{i}"), fund, f"d/{i}", Kind.DUES_CHARGED)
        pay(5, account("assets:prepaid-fees:M-000001"), fund, "d/3", Kind.DUES_CHARGED)
        html = words(auditor, "trial_balance", on="2026-11-30")
        assert "2 members' accounts" in unescape(html)
        assert "beginning=assets%3Adues-receivable:" in html
        assert "M-000001" not in html
        sheets = unescape(words(auditor, "sheets", period="2026-11"))
        assert "2 members' accounts" in sheets
        assert ">1 member's account<" in sheets

    def test_shows_hours_as_hours(self, auditor):
        book = chart.barter_book()
        one, two = (account(f"liabilities:hours:M-00000{i}", AccountType.LIABILITY, "HOUR", book=book) for i in (1, 2))
        pay(90, one, two, "trade/1", Kind.TRADE_SETTLED, book=book)
        assert "1:30 h" in words(auditor, "trial_balance", on="2026-11-30", book="barter")

    @pytest.mark.parametrize("on", ["x", "0001-01-01", "9999-12-31"])
    def test_shows_today_where_the_day_makes_no_sense(self, auditor, on):
        assert "field-wrong" in words(auditor, "trial_balance", on=on)
        assert auditor.get(reverse("ledger:trial_balance"), {"on": on, "format": "csv"}).status_code == 404


class TestSheets:
    def test_shows_what_is_owned_owed_kept_and_earned_and_that_both_sides_are_equal(self, auditor, bank, fund, hosting):
        income = account("income:running-costs", AccountType.INCOME)
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        pay(50, bank, income, "i", Kind.INCOME_RECEIVED)
        pay(40, hosting, bank, "b")
        html = words(auditor, "sheets", period="2026-11")
        assert "€110.00" in html
        assert "€10.00" in html
        assert "equal" in html
        assert "differ" not in html

    def test_works_for_a_book_with_nothing_in_it(self, auditor):
        assert "Nothing" in words(auditor, "sheets", period="1999")

    def test_says_what_there_is_today_while_the_period_runs(self, auditor, bank, fund, time_machine):
        time_machine.move_to("2026-11-20 12:00+00:00")
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        running, over, ahead = (words(auditor, "sheets", period=label) for label in ("2026", "2026-10", "2027"))
        assert ("in 2026 so far" in running, "31 December" in running) == (True, False)
        assert "31 October 2026" in over
        assert "2027 has not begun" in ahead
        account = words(auditor, "account", bank.pk, period="2026")
        assert '<td><time datetime="2026-11-20">' in account
        assert "2026-12-31" not in account


class TestChecks:
    def test_says_that_the_books_hold_and_shows_the_seals(self, auditor, bank, fund):
        pay(100, bank, fund, "a", Kind.OPENING_BALANCE)
        seals.seal(dt.date(2099, 1, 1))
        audit.run()
        html = words(auditor, "checks")
        assert "The books add up" in html
        assert reports.sealed_days(book=chart.coop_book()).seals[0].root in html

    def test_names_what_does_not_hold_and_turns_on_the_red_banner(self, auditor):
        from mutual.ledger.models import AuditRun

        now = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
        AuditRun.objects.create(
            started_at=now, finished_at=now, transfers=3, finding_count=1,
            findings=[["balance is the sum of transfers", "7", "Account 7 holds 1 by its balance but 2."]],
        )  # fmt: skip
        html = words(auditor, "checks")
        assert "Account 7 holds 1" in html
        assert "The books do not add up." in html

    def test_tells_what_to_do_before_the_first_check(self, auditor):
        assert "No check has run yet" in words(auditor, "checks")

    def test_takes_no_nonsense_for_a_day(self, auditor):
        assert auditor.get(reverse("ledger:checks"), {"before": "x"}).status_code == 404
