"""R-A7: a key that is used again with the same content is the same event, with any other it is refused; either way
nothing more is recorded. So it is with forms (R-A6)."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mutual import repeats
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import from_minor
from pooling import payments
from tests.conftest import make_member
from tests.pooling.test_dues import coop

__all__ = ["coop"]
pytestmark = pytest.mark.django_db

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
CENTS = st.integers(1, 10_000)
PLACES = ["assets:a", "assets:b", "assets:c"]
MOVES = st.tuples(st.permutations(range(3)), CENTS, st.sampled_from(["EUR", "USD"]))


@dataclasses.dataclass(frozen=True)
class Content:
    """What an entry says besides its key."""

    kind: Kind
    date: dt.date
    document: str
    moves: tuple


CONTENTS = st.builds(
    Content,
    kind=st.sampled_from([Kind.DUES_PAID, Kind.CLAIM_PAID]),
    date=DAYS,
    document=st.sampled_from(["", "P-1", "P-2"]),
    moves=st.lists(MOVES, min_size=1, max_size=4).map(
        lambda moves: tuple((order[0], order[1], cents, unit) for order, cents, unit in moves)
    ),
)


@st.composite
def twins(draw):
    """Two contents under one key: mostly alike but for one thing, sometimes alike, sometimes in nothing."""
    first, other = draw(CONTENTS), draw(CONTENTS)
    part = draw(
        st.sampled_from(["nothing", "everything", "moves in another order", "kind", "date", "document", "moves"])
    )
    if part == "nothing":
        return first, first
    if part == "everything":
        return first, other
    if part == "moves in another order":
        return first, dataclasses.replace(first, moves=first.moves[::-1])
    return first, dataclasses.replace(first, **{part: getattr(other, part)})


def example(body):
    """Each example begins with nothing: a transaction that is undone, in which use cases may be durable."""
    attempt = transaction.atomic()
    attempt._from_testcase = True
    with attempt:
        body()
        transaction.set_rollback(True)


def holds(count):
    """Draw this many pairs; always the same ones."""

    def decorate(test):
        drawn = given(twins())(test)
        phases = [Phase.explicit, Phase.generate]
        return settings(
            max_examples=count, phases=phases, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )(drawn)  # fmt: skip

    return decorate


def state():
    """How many transfers there are, and every balance."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM ledger_transfer), (SELECT count(*) FROM ledger_entrynote)")
        counted = cursor.fetchone()
        cursor.execute("SELECT account_id, amount FROM ledger_balance WHERE amount <> 0 ORDER BY account_id")
        return counted, cursor.fetchall()


def post(content, opened):
    moves = [
        (from_minor(cents, unit), opened[PLACES[debit], unit], opened[PLACES[credit], unit])
        for debit, credit, cents, unit in content.moves
    ]
    return journal.post(
        kind=content.kind, key="event/1", date=content.date, recorded_by=None, document=content.document, memo="Words",
        transfers=[journal.move(amount, debit=debit, credit=credit) for amount, debit, credit in moves],
    )  # fmt: skip


def entry_twice(first, second):
    """An entry, and its key again."""
    opened = {
        (code, unit): chart.open(book=chart.coop_book(), code=code, type=AccountType.ASSET, currency=unit)
        for code in PLACES for unit in ("EUR", "USD")
    }  # fmt: skip
    assert not post(first, opened).replayed
    before = state()
    if second == first:
        assert post(second, opened).replayed
    else:
        with pytest.raises(journal.KeyReused), transaction.atomic():
            post(second, opened)
    assert state() == before


class TestEntries:
    def test_are_the_same_or_refused_under_one_key(self):
        seen = set()

        @holds(60)
        def both(pair):
            seen.add(pair[0] == pair[1])
            example(lambda: entry_twice(*pair))

        both()
        assert seen == {True, False}

    def test_would_pass_for_the_same_if_contents_were_not_compared(self, monkeypatch):
        """The negative control."""
        monkeypatch.setattr(journal, "_same_or_refuse", lambda *about: None)

        @holds(60)
        def both(pair):
            example(lambda: entry_twice(*pair))

        with pytest.raises(BaseException, match="DID NOT RAISE"):
            both()


def payment_twice(coop, first, second):
    """A payment, and its form again; what tells one from another is all that was typed."""
    members = [None, make_member("Ada Byron").pk, make_member("Bo Ek").pk]

    def record(content):
        debit, _credit, cents, _unit = content.moves[0]
        return payments.record(
            member_id=members[debit], bank_id=coop.bank.pk, amount=from_minor(cents, "EUR"), by=coop.by,
            received_on=content.date, reference=content.document, form_key="f" * 32,
        )  # fmt: skip

    same = (first.moves[0][::2], first.date, first.document) == (second.moves[0][::2], second.date, second.document)
    made = record(first)
    before = state()
    if same:
        assert record(second).pk == made.pk
    else:
        with pytest.raises(repeats.FormReused):
            record(second)
    assert state() == before
    assert balances.of(coop.bank.account) == from_minor(first.moves[0][2], "EUR")


class TestForms:
    def test_are_the_same_or_refused_under_one_key(self, coop):
        @holds(25)
        def both(pair):
            example(lambda: payment_twice(coop, *pair))

        both()

    def test_would_pass_for_the_same_if_contents_were_not_compared(self, coop, monkeypatch):
        """The negative control."""
        really = repeats.made_before
        monkeypatch.setattr(repeats, "made_before", lambda made, *, form_key, **said: really(made, form_key=form_key))

        @holds(25)
        def both(pair):
            example(lambda: payment_twice(coop, *pair))

        with pytest.raises(BaseException, match="DID NOT RAISE"):
            both()
