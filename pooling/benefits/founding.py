"""Twenty questions that make a fund: its rules, what members pay, how many of them carry how many claims, what is next.

Pure but for :func:`found`, which opens the fund and proposes (or adopts) its rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Literal

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from mutual import charts, formats
from mutual.money import Money, decimals, from_minor
from pooling import dues, funds
from pooling.benefits import rules, sentences, texts
from pooling.benefits.terms import Terms, TermsRefused
from pooling.models import DuesPlan, Fund

SMALLEST_CIRCLE, LARGEST_CIRCLE = 20, 50
"""F4. What a circle itself enforces is the circles' business; here it is said before anybody has joined."""
AT_ONCE = (1, 2, 3)

Kind = Literal["text", "choice", "choices", "amount", "amounts", "whole", "rate"]


class FoundingRefused(Exception):
    """The answers make no fund; the message says which and why. Nothing was opened."""


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
             "4.5", help=_("A percentage where the rate comes from levels or earnings, an amount where it is flat.")),
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


@dataclass(frozen=True)
class DuesRow:
    """What a member pays, and what for: a level, earnings, or everybody's amount."""

    label: str
    benefit: Money
    dues: Money


@dataclass(frozen=True)
class BreakEven:
    """How many members' dues cover so many claims at once, month after month."""

    claims: int
    members: int


@dataclass(frozen=True)
class Plan:
    """What the answers make."""

    kind: str
    name: str
    purpose: str
    promise: str
    currency: str
    members: int
    terms: Terms
    dues: tuple[DuesRow, ...]
    flat_dues: Money | None
    average_dues: Money
    average_benefit: Money
    break_even: tuple[BreakEven, ...]
    warnings: tuple[str, ...]
    checklist: tuple[str, ...]

    @property
    def at_once(self) -> int:
        """How many claims at once the members at the start cover."""
        return self.members * _minor_of(self.average_dues) // _minor_of(self.average_benefit)

    def chart(self) -> charts.Chart:
        """Members needed for one, two and three claims at once, against how many there are."""
        bars = [(_claims(one.claims), one.members) for one in self.break_even] + [(say("at the start"), self.members)]
        return charts.bars(
            title=say("Members needed, and members at the start"), labels=[label for label, _count in bars],
            series=[charts.Series(say("Members"), tuple(count for _label, count in bars))], words=formats.number,
            of=say("Claims at once"),
        )  # fmt: skip


def _claims(count: int) -> str:
    return say("one claim") if count == 1 else say("%(count)s claims") % {"count": count}


def _minor_of(amount: Money) -> int:
    return int(amount.amount.scaleb(decimals(str(amount.currency))))


def plan(answers: Mapping[str, str], currency: str) -> Plan:
    """What the answers make; a question without one has its default.

    :raises FoundingRefused: if an answer is none, or they do not go together
    """
    unknown = set(answers) - {one.key for one in QUESTIONS}
    if unknown:
        raise FoundingRefused(say("There is no question “%(key)s”.") % {"key": min(unknown)})
    said = {one.key: read(one.key, answers.get(one.key, ""), currency) for one in QUESTIONS}
    terms = _terms(said, currency)
    rows, flat = _dues(said, terms, currency)
    paid, gets = _average([_minor_of(row.dues) for row in rows]), _average([_minor_of(row.benefit) for row in rows])
    if paid <= 0 or gets <= 0:
        raise _bad(_of("dues"), say("dues and benefit are above zero"))
    found = Plan(
        kind=said["kind"], name=said["name"], purpose=said["purpose"], promise=said["promise"].upper(),
        currency=currency, members=said["members"], terms=terms, dues=rows, flat_dues=flat,
        average_dues=from_minor(int(paid), currency), average_benefit=from_minor(int(gets), currency),
        break_even=tuple(BreakEven(count, -(-count * gets // paid)) for count in AT_ONCE), warnings=(), checklist=(),
    )  # fmt: skip
    return Plan(**(vars(found) | {"warnings": _warnings(found), "checklist": _checklist(found)}))


def _average(values: list[int]) -> int:
    """Rounded half up."""
    return int(Fraction(sum(values), len(values)) + Fraction(1, 2))


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


def _dues(said: Mapping[str, Any], terms: Terms, currency: str) -> tuple[tuple[DuesRow, ...], Money | None]:
    question = _of("dues")
    if said["by"] == "flat":
        amount = from_minor(_minor(question, said["dues"], currency), currency)
        benefit = from_minor(terms.benefits[0].pays.amount or 0, currency)
        return (DuesRow(say("Everybody"), benefit, amount),), amount
    share = Fraction(_number(question, said["dues"])) / 100
    if said["by"] == "level":
        return tuple(
            DuesRow(say("Level %(level)s") % {"level": one.name}, from_minor(one.amount, currency),
                    from_minor(int(one.amount * share + Fraction(1, 2)), currency))
            for one in terms.levels
        ), None  # fmt: skip
    pays = terms.benefits[0].pays
    rows = []
    for earned in (1500, 2500, 3500):
        minor = earned * 10 ** decimals(currency)
        gets = int(minor * Fraction(pays.percent or 0) / 100 + Fraction(1, 2))
        label = say("Who earns %(amount)s") % {"amount": formats.money(from_minor(minor, currency))}
        rows.append(DuesRow(label, from_minor(min(gets, pays.ceiling or gets), currency),
                            from_minor(int(minor * share + Fraction(1, 2)), currency)))  # fmt: skip
    return tuple(rows), None


def _warnings(found: Plan) -> tuple[str, ...]:
    warnings = []
    if found.kind == "circle" and not SMALLEST_CIRCLE <= found.members <= LARGEST_CIRCLE:
        warnings.append(say("A circle has %(least)s to %(most)s members.") % {
            "least": SMALLEST_CIRCLE, "most": LARGEST_CIRCLE,
        })  # fmt: skip
    if not found.at_once:
        warnings.append(
            say("%(members)s members do not cover one full benefit: %(needed)s are needed, or higher dues.")
            % {"members": formats.number(found.members), "needed": formats.number(found.break_even[0].members)}
        )
    return tuple(warnings)


def _checklist(found: Plan) -> tuple[str, ...]:
    steps = [
        say("Ask the members what they need, and show them this page."),
        say("Let a second officer read the rules and adopt them."),
    ]
    if found.flat_dues is None:
        steps.append(say("Open the dues plan by the table above, with this fund's share."))
    else:
        steps.append(say("Check the dues plan, and give running costs their share."))
    steps += [
        say("Put each member on the dues plan, and note her level or what she earned where the rules ask for it."),
        say("Set the fund's floor and its target: months of cover that let everybody sleep."),
        say("Name two claims officers who are not of the same circle."),
        say("Let every member look at “If I fell ill today” before the first dues are charged."),
    ]
    if found.kind == "circle":
        steps.append(
            say("Open the circle once %(needed)s people have joined and one full benefit is covered.")
            % {"needed": max(SMALLEST_CIRCLE, found.break_even[0].members)}
        )
    steps.append(say("Charge the first month; claims begin %(months)s months after joining.") % {
        "months": found.terms.benefits[0].waiting_months,
    })  # fmt: skip
    return tuple(steps)


@dataclass(frozen=True)
class Founded:
    """What was opened: the fund, its rules' decision, and whether they are in force."""

    fund: Fund
    decision: str
    adopted: bool
    dues_plan: DuesPlan | None


def found(plan: Plan, *, by: int, second: int | None, on: dt.date) -> Founded:
    """Open the fund, propose its rules, and open its dues plan where everybody pays the same; each step is a use case
    of its own, so what a crash cut short is begun again with the same answers.

    :param second: another officer who adopts the rules at once; without one they wait for her
    :raises FoundingRefused: if there is such a fund with rules of its own
    :raises pooling.benefits.rules.RulesRefused: if the rules cannot be proposed
    """
    fund = Fund.objects.filter(name=plan.name).first()
    if fund is not None and (fund.rules.exists() or fund.currency != plan.currency):
        raise FoundingRefused(say("There is a fund “%(name)s” with rules already.") % {"name": plan.name})
    if fund is None:
        try:
            fund = funds.open_fund(
                name=plan.name, description=plan.purpose, promise=plan.promise, currency=plan.currency, target=None,
                by=by, on=on,
            )  # fmt: skip
        except funds.FundRefused as refused:
            raise FoundingRefused(str(refused)) from refused
    decision = rules.propose(
        fund_id=fund.pk, terms=plan.terms.to_json(), text="", valid_from=on, by=by, on=on,
        why=say("The founders' answers to twenty questions."),
    )  # fmt: skip
    opened = DuesPlan.objects.filter(name=plan.name).first()
    if opened is None and plan.flat_dues is not None:
        opened = dues.open_plan(
            name=plan.name, every=DuesPlan.Every.MONTH, amount=plan.flat_dues, shares=[(fund.pk, 1)], valid_from=on,
            days_to_pay=14, by=by,
        )  # fmt: skip
    if second is not None:
        rules.adopt(decision_id=decision.pk, by=second, on=on)
    return Founded(fund, decision.number, second is not None, opened)


WIDTH = 76


def drawn(found: Plan) -> list[str]:
    """The plan for a terminal: rules, dues, how many carry how much, what is next."""
    lines = ["", f"  {found.name.upper()}", f"  {found.purpose}", "", _rule(say("Rules"))]
    for benefit in found.terms.benefits:
        lines.append(f"  {benefit.title}")
        lines += [f"    · {clause}" for clause in texts.clauses(benefit, found.terms)]
    lines += ["", _rule(say("What members pay by the month"))]
    width = max(len(row.label) for row in found.dues)
    lines += [
        f"  {row.label:<{width}}   {_plain(row.dues):>14}   {say('for')} {_plain(row.benefit):>14}"
        for row in found.dues
    ]
    lines += ["", _rule(say("How many members carry how many claims at once"))]
    most = max([found.members, *(one.members for one in found.break_even)])
    bars = [(_claims(one.claims), one.members) for one in found.break_even] + [(say("at the start"), found.members)]
    width = max(len(label) for label, _count in bars)
    for label, count in bars:
        size = max(1, count * 44 // most)
        lines.append(f"  {label:<{width}}   {'█' * size} {count}")
    lines.append("  " + say("So %(members)s members carry %(claims)s at once.") % {
        "members": found.members, "claims": _claims(found.at_once) if found.at_once else say("no claim"),
    })  # fmt: skip
    lines += [f"  ! {warning}" for warning in found.warnings]
    lines += ["", _rule(say("Before it begins"))]
    lines += [f"  {number:>2}. {step}" for number, step in enumerate(found.checklist, 1)]
    return [*lines, ""]


def _plain(amount: Money) -> str:
    unit = str(amount.currency)
    return f"{unit} {sentences.plain_amount(_minor_of(amount), unit)}"


def _rule(title: str) -> str:
    return f"── {title} {'─' * max(WIDTH - len(title) - 4, 3)}"
