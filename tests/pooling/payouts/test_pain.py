"""A file that a bank takes, or a refusal that names the place."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutual import iban
from pooling.payouts import pain

AT = dt.datetime(2026, 11, 10, 9, 30, tzinfo=dt.UTC)
OURS, HERS, HIS = "DE89370400440532013000", "NL91ABNA0417164300", "BE68539007547034"


def order(*credits, **more):
    found = credits or (
        pain.Credit("PR-0001-C-000001-1", "Zoë Müller-Weiß", HERS, 12_345, "Mutual PR-0001"),
        pain.Credit("PR-0001-C-000002-1", "Łukasz Øster & Cie", HIS, 7, "Mutual PR-0001"),
    )
    return pain.Order(**{
        "message": "SF-000001", "made_at": AT, "payer": "Mutual", "payer_iban": OURS, "payer_bic": "COBADEFFXXX",
        "pay_on": AT.date(), "credits": found,
    } | more)  # fmt: skip


class TestIban:
    @pytest.mark.parametrize(
        "text", [OURS, HERS, HIS, "de89 3704 0044 0532 0130 00", " FR14 2004 1010 0505 0001 3M02 606"]
    )
    def test_is_read_however_it_is_typed(self, text):
        assert iban.read(text) == "".join(text.split()).upper()

    @given(st.integers(4, 21), st.sampled_from("0123456789"))
    def test_is_refused_with_one_digit_changed(self, place, digit):
        wrong = OURS[:place] + digit + OURS[place + 1 :]
        if wrong != OURS:
            with pytest.raises(iban.BadIban):
                iban.read(wrong)

    @pytest.mark.parametrize(
        "text", ["", "x", "DE89", OURS + "0", OURS[:-1], "XX89370400440532013000", "DE89３70400440532013000"]
    )
    def test_is_refused_where_it_is_none(self, text):
        with pytest.raises(iban.BadIban, match="no valid IBAN") as refused:
            iban.read(text)
        assert not text or text not in str(refused.value)


class TestBuild:
    def test_says_who_pays_whom_how_much(self):
        found = pain.build(order())
        assert list(pain.payments(found)) == [("PR-0001-C-000001-1", HERS, 12_345), ("PR-0001-C-000002-1", HIS, 7)]
        said = found.decode()
        for piece in (
            "<MsgId>SF-000001</MsgId>", "<NbOfTxs>2</NbOfTxs>", "<CtrlSum>123.52</CtrlSum>", ">123.45<", ">0.07<",
            "<Nm>Zoe Mueller-Weiss</Nm>", "<Nm>Lukasz Oster + Cie</Nm>", "<BICFI>COBADEFFXXX</BICFI>",
            "<Dt>2026-11-10</Dt>", "<CreDtTm>2026-11-10T09:30:00+00:00</CreDtTm>",
        ):  # fmt: skip
            assert piece in said

    def test_gives_the_same_bytes_for_the_same_order(self):
        assert pain.build(order()) == pain.build(order())

    def test_needs_no_bic(self):
        assert b"NOTPROVIDED" in pain.build(order(payer_bic=""))

    @pytest.mark.parametrize(("wrong", "why"), [
        ({"credits": ()}, "nothing to pay"), ({"payer_iban": OURS[:-1] + "1"}, "check digits"),
        ({"message": "x" * 36}, "MsgId"), ({"message": "a//b/"}, "MsgId"), ({"payer_bic": "COBA"}, "BICFI"),
        ({"made_at": dt.datetime(2026, 11, 10)}, "CreDtTm"),
    ])  # fmt: skip
    def test_refuses_what_no_bank_takes(self, wrong, why):
        with pytest.raises(pain.PainRefused, match=why):
            pain.build(order(**wrong) if "credits" not in wrong else pain.Order(**vars_of(order()) | wrong))

    @pytest.mark.parametrize(("amount", "name"), [(0, "a"), (-5, "a"), (pain.LARGEST + 1, "a"), (5, "")])
    def test_refuses_a_payment_of_nothing_or_too_much(self, amount, name):
        with pytest.raises(pain.PainRefused):
            pain.build(order(pain.Credit(name, "Ada", HERS, amount, "x")))

    def test_refuses_two_payments_of_one_name(self):
        one = pain.Credit("a", "Ada", HERS, 5, "x")
        with pytest.raises(pain.PainRefused, match="same name"):
            pain.build(order(one, one))

    @given(
        st.lists(st.tuples(st.text(max_size=90), st.integers(1, pain.LARGEST), st.text(max_size=200)), min_size=1,
                 max_size=5)
    )  # fmt: skip
    def test_sums_to_the_cent_whatever_people_are_called(self, people):
        found = pain.build(order(*(
            pain.Credit(f"E-{n}", name, HERS, amount, words) for n, (name, amount, words) in enumerate(people)
        )))  # fmt: skip
        assert [amount for _name, _iban, amount in pain.payments(found)] == [amount for _n, amount, _w in people]
        pain.check(found)


def vars_of(one):
    return {name: getattr(one, name) for name in one.__slots__}


BROKEN = [
    (b"<NbOfTxs>2</NbOfTxs>", b"<NbOfTxs>3</NbOfTxs>", "number of payments"),
    (b"<CtrlSum>123.52</CtrlSum>", b"<CtrlSum>123.53</CtrlSum>", "control sum"),
    (b">123.45<", b">123.450<", "InstdAmt"), (b'Ccy="EUR"', b'Ccy="USD"', "attributes"),
    (b"<PmtMtd>TRF</PmtMtd>", b"", "in order"), (b"<Cd>SEPA</Cd>", b"<Cd>URGP</Cd>", "Cd"),
    (HERS.encode(), HERS.replace("91", "92").encode(), "check digits"),
    (b"<ChrgBr>SLEV</ChrgBr>", b"<ChrgBr>SLEV</ChrgBr>x", "between"),
    (b"pain.001.001.09", b"pain.001.001.03", "is no urn"), (b"</Document>", b"", "cannot be read"),
    (b"<Document", b"<!DOCTYPE x><Document", "declares nothing"), (b"<Nm>Mutual</Nm>", b"<Nm>M&#252;</Nm>", "Nm"),
    (b"<BtchBookg>true</BtchBookg>", b"<BtchBookg>true</BtchBookg><Prtry>x</Prtry>", "in order"),
    (b"<SvcLvl>", b"<SvcLvl a='1'>", "attributes"),
]  # fmt: skip


class TestCheck:
    @pytest.mark.parametrize(("what", "by", "why"), BROKEN)
    def test_finds_what_is_wrong(self, what, by, why):
        found = pain.build(order())
        assert what in found
        with pytest.raises(pain.PainRefused, match=why):
            pain.check(found.replace(what, by))
