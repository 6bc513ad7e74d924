"""Twenty questions that make a fund: its rules, its dues, how many carry how many claims, what is next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.money import decimals, from_minor
from pooling.benefits.terms import Terms, TermsRefused
from pooling.founding import offers
from pooling.founding.offers import CircleOffer, DuesOffer, DuesRow, FoundingRefused, FundOffer, Plan, ShareOffer
from pooling.models import UNLIMITED

Kind = Literal["text", "choice", "choices", "amount", "amounts", "whole", "rate"]


@dataclass(frozen=True)
class Question:
    """One of the twenty."""

    key: str
    text: str | Lazy
    kind: Kind
    default: str
    choices: tuple[str, ...] = ()
    help: str | Lazy = ""
    most: int = 1200


QUESTIONS = (
    Question("kind", _("A fund for everybody, or a circle of 20 to 50 who carry one another?"), "choice", "fund",
             ("fund", "circle")),
    Question("name", _("What is it called?"), "text", "Sickness"),
    Question("purpose", _("What is it for, in a sentence?"), "text", "Pays part of what a member cannot earn."),
    Question("promise", _("What does it promise?"), "choice", "varying",
             ("gift", "discretionary", "varying", "guaranteed"),
             _("Gifts promise nothing; varying benefits may be reduced when the fund is short.")),
    Question("causes", _("For what?"), "choices", "illness, accident",
             ("illness", "accident", "work_accident", "pregnancy", "child", "care", "lost_client", "broken_tool")),
    Question("by", _("Where does the rate come from?"), "choice", "level", ("level", "earnings", "flat"),
             _("A level each member chooses, a percentage of earnings, or one amount for all.")),
    Question("rate", _("Which levels by the month, which percentage, or which amount by the month?"), "rate",
             "750, 1000, 1500", help=_("Levels with commas between them; one figure for earnings and flat.")),
    Question("most", _("The most it pays by the month, where it goes by earnings? (0: no limit)"), "amount", "0"),
    Question("waiting", _("How many months until a new member is covered?"), "whole", "3"),
    Question("own_risk", _("How many days of an absence does everybody bear alone?"), "whole", "14", most=1000),
    Question("from_start", _("From how many days on is an absence paid from its first day? (0: never)"), "whole", "0",
             most=1000),
    Question("days", _("Does every day count, or working days?"), "choice", "every", ("every", "working")),
    Question("duration", _("How many months does it last at most?"), "whole", "12"),
    Question("half_after", _("After how many months is it half? (0: never)"), "whole", "0"),
    Question("recurrence", _("Within how many months does the same illness continue the old claim?"), "whole", "3"),
    Question("year", _("The most one member can get in a year? (0: no limit)"), "amount", "0"),
    Question("birth", _("A sum at the birth of a child? (0: none)"), "amount", "0"),
    Question("death", _("A sum at death? (0: none)"), "amount", "0"),
    Question("members", _("How many members are there at the start?"), "whole", "40", most=1_000_000),
    Question("dues", _("What does a member pay by the month: a percentage of level or earnings, or an amount?"), "rate",
             "4.5", help=_("A percentage where the rate comes from levels or earnings, an amount where it is flat; or "
                           "“6.5 invoiced” for a percentage of what each member invoices.")),
)  # fmt: skip


def _of(key: str) -> Question:
    return next(one for one in QUESTIONS if one.key == key)


def read(key: str, text: str, currency: str) -> Any:
    """An answer as a value: words, minor units, whole numbers.

    :raises FoundingRefused: if it is no answer to the question
    """
    question = _of(key)
    text = text.strip() or question.default
    if question.kind == "text":
        if not 1 <= len(text) <= (60 if key == "name" else 500) or any(ord(char) < 32 for char in text):
            raise _bad(question, say("a short line of text is expected"))
        return text
    if question.kind == "whole":
        if not (text.isascii() and text.isdecimal() and int(text) <= question.most):
            raise _bad(question, say("a whole number up to %(most)s is expected") % {"most": question.most})
        return int(text)
    if question.kind == "amount":
        return _minor(question, text, currency)
    words = [one.strip().lower().replace(" ", "_") for one in text.split(",") if one.strip()]
    if question.kind == "choice" and (len(words) != 1 or words[0] not in question.choices):
        raise _bad(question, say("one of %(words)s is expected") % {"words": ", ".join(question.choices)})
    if question.kind == "choices" and (not words or not set(words) <= set(question.choices)):
        raise _bad(question, say("some of %(words)s are expected") % {"words": ", ".join(question.choices)})
    if question.kind == "rate":
        return text
    return words[0] if question.kind == "choice" else list(dict.fromkeys(words))


def _bad(question: Question, why: str) -> FoundingRefused:
    return FoundingRefused(f"{question.key}: {why}.")


def _number(question: Question, text: str) -> Decimal:
    try:
        found = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation as error:
        raise _bad(question, say("a figure such as 12.50 is expected")) from error
    if not found.is_finite() or found < 0 or found > 10**12:
        raise _bad(question, say("a figure such as 12.50 is expected"))
    return found


def _minor(question: Question, text: str, currency: str) -> int:
    scaled = _number(question, text).scaleb(decimals(currency))
    if scaled != scaled.to_integral_value():
        raise _bad(question, say("an amount such as 12.50 is expected"))
    return int(scaled)


INVOICED = "invoiced"
MAIN = "main"


def plan(answers: Mapping[str, str], currency: str) -> Plan:
    """What the answers make; a question without one has its default.

    :raises FoundingRefused: if an answer is none, or they do not go together
    """
    unknown = set(answers) - {one.key for one in QUESTIONS}
    if unknown:
        raise FoundingRefused(say("There is no question “%(key)s”.") % {"key": min(unknown)})
    said = {one.key: read(one.key, answers.get(one.key, ""), currency) for one in QUESTIONS}
    terms = _terms(said, currency)
    opened, rows = _dues(said, terms, currency)
    return offers.complete(
        Plan(
            kind=said["kind"],
            name=said["name"],
            purpose=said["purpose"],
            promise=said["promise"].upper(),
            currency=currency,
            members=said["members"],
            terms=terms,
            plans=(opened,),
            pay=rows,
            funds=(FundOffer(MAIN, said["name"], said["purpose"], said["promise"].upper()),),
            circle=_circle(said["kind"], terms, rows),
        )
    )


def _circle(kind: str, terms: Terms, rows: tuple[DuesRow, ...]) -> CircleOffer | None:
    """A circle whose deposits are its members' dues: by level, or one for all."""
    if kind != "circle":
        return None
    levels = tuple(
        (
            int(row.dues.amount.scaleb(decimals(terms.currency))),
            int(row.benefit.amount.scaleb(decimals(terms.currency))),
        )
        for row in rows
        if row.benefit is not None
    )
    if terms.benefits[0].pays.by == "EARNINGS" or not levels:
        raise _bad(_of("by"), say("a circle goes by levels, or by one amount for everybody"))
    return CircleOffer(levels)


def _terms(said: Mapping[str, Any], currency: str) -> Terms:
    by, rate = said["by"].upper(), said["rate"]
    question = _of("rate")
    pays: dict[str, Any] = {"by": by, "per": "MONTH"}
    levels: list[dict[str, Any]] = []
    if by == "LEVEL":
        levels = [{"name": one.strip(), "amount": _minor(question, one, currency)} for one in rate.split(",")]
    elif by == "EARNINGS":
        pays["percent"] = f"{_number(question, rate).normalize():f}"
        pays["ceiling"] = said["most"] or None
    else:
        pays["amount"] = _minor(question, rate, currency)
    benefit: dict[str, Any] = {
        "rule": "benefit", "title": say("Benefit by the month"), "causes": [one.upper() for one in said["causes"]],
        "pays": pays, "waiting_months": said["waiting"], "own_risk": {"days": said["own_risk"]},
        "paid_from_start": said["from_start"] or None, "duration": {"months": said["duration"]},
        "recurrence_months": said["recurrence"], "ceiling_year": said["year"] or None,
        "weekdays": [1, 2, 3, 4, 5] if said["days"] == "working" else [1, 2, 3, 4, 5, 6, 7],
        "steps": [{"after": {"months": said["half_after"]}, "percent": "50"}] if said["half_after"] else [],
    }  # fmt: skip
    sums = [
        {"rule": rule, "title": title, "causes": [cause], "waiting_months": months,
         "pays": {"by": "FLAT", "per": "ONCE", "amount": said[rule]}}
        for rule, title, cause, months in (
            ("birth", say("Birth of a child"), "BIRTH", max(said["waiting"], 9)), ("death", say("Death"), "DEATH", 0),
        )
        if said[rule]
    ]  # fmt: skip
    try:
        return Terms.from_json({"currency": currency, "benefits": [benefit, *sums], "levels": levels})
    except TermsRefused as refused:
        raise FoundingRefused(str(refused)) from refused


def _dues(said: Mapping[str, Any], terms: Terms, currency: str) -> tuple[DuesOffer, tuple[DuesRow, ...]]:
    """The dues plan, and what it means for whom."""
    question, text = _of("dues"), said["dues"]
    shares = (ShareOffer(MAIN, 1, buffer=said["kind"] == "circle"),)
    name = said["name"]

    def money(amount: int) -> Any:
        return from_minor(amount, currency)

    if text.strip().lower().endswith(INVOICED):
        if said["kind"] == "circle":
            raise _bad(question, say("a circle's dues go by level, or are one amount for everybody"))
        percent = _number(question, text.strip()[: -len(INVOICED)])
        permyriad = int(percent * 100)
        if permyriad != percent * 100 or not 0 < permyriad <= 10_000:
            raise _bad(question, say("a percentage with two decimals at most, above 0 and up to 100"))
        rows = tuple(
            DuesRow(
                say("Who invoices %(amount)s") % {"amount": formats.money(money(made))},
                money(offers.part(made, percent)), None if gets is None else money(gets),
            )
            for made, gets in offers.of_earnings(terms, currency)
        )  # fmt: skip
        most = money(offers.whole(UNLIMITED, currency))
        return DuesOffer(name, most, shares, basis="PERCENT", permyriad=permyriad), rows
    if said["by"] == "flat":
        amount = money(_minor(question, text, currency))
        rows = (DuesRow(say("Everybody"), amount, money(terms.benefits[0].pays.amount or 0)),)
        return DuesOffer(name, amount, shares), rows
    percent = _number(question, text)
    if said["by"] == "level":
        rows = tuple(
            DuesRow(say("Level %(level)s") % {"level": one.name}, money(offers.part(one.amount, percent)),
                    money(one.amount))
            for one in terms.levels
        )  # fmt: skip
        rates = tuple((row.label[:60], row.dues) for row in rows)
        return DuesOffer(name, rows[0].dues, shares, basis="LEVEL", rates=rates), rows
    bands = offers.of_earnings(terms, currency)
    rows = tuple(
        DuesRow(
            say("Who earns %(amount)s") % {"amount": formats.money(money(earned))},
            money(offers.part(earned, percent)), money(gets or 0),
        )
        for earned, gets in bands
    )  # fmt: skip
    rates = tuple(
        (say("Up to %(amount)s a month") % {"amount": formats.money(money(earned))}, row.dues)
        for (earned, _gets), row in zip(bands, rows, strict=True)
    )
    # Whoever says nothing pays what the highest band pays.
    return DuesOffer(name, rows[-1].dues, shares, basis="BAND", rates=rates), rows
