"""The rules in plain words, made from the terms: a paragraph for each benefit, a sentence for each rule."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mutual import formats
from mutual.money import from_minor
from pooling.benefits import sentences
from pooling.benefits.terms import EVERY_DAY, Benefit, By, Clock, Partial, Per, Terms


def describe(terms: Terms) -> list[str]:
    """A paragraph for each benefit, and one for the levels."""
    paragraphs = [f"{benefit.title}. {' '.join(clauses(benefit, terms))}" for benefit in terms.benefits]
    if terms.levels:
        levels = ", ".join(
            _("%(level)s: %(amount)s") % {"level": level.name, "amount": _money(level.amount, terms)}
            for level in terms.levels
        )
        paragraphs.append(_("Levels, by the month: %(levels)s.") % {"levels": levels})
    return paragraphs


def clauses(benefit: Benefit, terms: Terms) -> list[str]:
    """What one benefit's rules say, a sentence each."""
    causes = ", ".join(sentences.cause(cause) for cause in benefit.causes)
    found = [_("It covers: %(causes)s.") % {"causes": causes}, _rate(benefit, terms)]
    found.extend(_who(benefit))
    found.extend(_days(benefit))
    found.extend(_limits(benefit, terms))
    return found


def _money(minor: int, terms: Terms) -> str:
    return formats.money(from_minor(minor, terms.currency))


def _rate(benefit: Benefit, terms: Terms) -> str:
    pays = benefit.pays
    if pays.by == By.LEVEL:
        return _("The rate is the level each member has chosen, by the month.")
    if pays.by == By.EARNINGS:
        text = _("The rate is %(percent)s %% of what was earned a month before, less what still comes in.") % {
            "percent": sentences.page(pays.percent or 0)
        }
        if pays.ceiling is not None:
            text += " " + _("It is at most %(amount)s a month.") % {"amount": _money(pays.ceiling, terms)}
        return text
    if pays.by == By.COST:
        text = _("It is %(percent)s %% of what it cost, once, less what others pay.") % {
            "percent": sentences.page(pays.percent or 0)
        }
        if pays.ceiling is not None:
            text += " " + _("It is at most %(amount)s.") % {"amount": _money(pays.ceiling, terms)}
        return text
    amount = _money(pays.amount or 0, terms)
    text = {
        Per.DAY: _("The rate is %(amount)s a day."),
        Per.WEEK: _("The rate is %(amount)s a week."),
        Per.MONTH: _("The rate is %(amount)s a month."),
        Per.ONCE: _("It is %(amount)s, once."),
    }[pays.per] % {"amount": amount}
    if benefit.units_most > 1:
        text += " " + _("A member can hold up to %(count)s units of it.") % {"count": benefit.units_most}
    if any(benefit.for_each_child(cause) for cause in benefit.causes):
        text += " " + _("At a birth it is paid for each child.")
    return text


def _who(benefit: Benefit) -> Iterator[str]:
    if benefit.waiting_months:
        yield ngettext(
            "A new member is covered %(count)s month after joining.",
            "A new member is covered %(count)s months after joining.",
            benefit.waiting_months,
        ) % {"count": benefit.waiting_months}
    if benefit.age_from is not None:
        yield _("It covers from the age of %(age)s on.") % {"age": benefit.age_from}
    if benefit.age_until is not None:
        yield _("It covers until the age of %(age)s.") % {"age": benefit.age_until}
    if benefit.report_within is not None:
        yield _("It must be reported within %(count)s days.") % {"count": benefit.report_within}
    if benefit.pay_within is not None:
        yield _("It is to be paid within %(count)s working days.") % {"count": benefit.pay_within}


def _days(benefit: Benefit) -> Iterator[str]:
    risk = benefit.own_risk
    if risk:
        yield _("Own risk: the first %(length)s of an absence.") % {"length": sentences.length(risk.months, risk.days)}
    if benefit.paid_from_start is not None:
        yield _("An absence of %(count)s days or more counts from its first day.") % {"count": benefit.paid_from_start}
    if benefit.weekdays != EVERY_DAY:
        yield _("Days that count: %(days)s.") % {"days": ", ".join(str(WEEKDAYS[day - 1]) for day in benefit.weekdays)}
    if benefit.duration is not None:
        length = sentences.length(benefit.duration.months, benefit.duration.days)
        if benefit.clock == Clock.OCCURRED:
            yield _("It lasts at most %(length)s from the first day of the absence.") % {"length": length}
        else:
            yield _("It lasts at most %(length)s from the end of the own risk.") % {"length": length}
    if benefit.within is not None:
        yield _("At most %(most)s days within any %(months)s months.") % {
            "most": benefit.within.most, "months": benefit.within.months,
        }  # fmt: skip
    for rung in benefit.steps:
        yield _("After %(length)s it is %(percent)s %% of the rate.") % {
            "length": sentences.length(rung.after.months, rung.after.days), "percent": sentences.page(rung.percent),
        }  # fmt: skip
    if benefit.recurrence_months:
        yield ngettext(
            "The same cause within %(count)s month continues the earlier claim.",
            "The same cause within %(count)s months continues the earlier claim.",
            benefit.recurrence_months,
        ) % {"count": benefit.recurrence_months}
    if benefit.partial != Partial():
        yield _(
            "In part unable to work: from %(least)s %% on, that part of the rate; from %(full)s %% on, all of it."
        ) % {"least": benefit.partial.least, "full": benefit.partial.full}


def _limits(benefit: Benefit, terms: Terms) -> Iterator[str]:
    if benefit.earnings_cap is not None:
        yield _("The rate and what still comes in are at most %(percent)s %% of what was earned before.") % {
            "percent": sentences.page(benefit.earnings_cap)
        }
    ceilings = (
        (benefit.ceiling_claim, _("At most %(amount)s for one claim.")),
        (benefit.ceiling_year, _("At most %(amount)s in a calendar year.")),
        (benefit.ceiling_member, _("At most %(amount)s for one member in all.")),
    )
    for ceiling, sentence in ceilings:
        if ceiling is not None:
            yield sentence % {"amount": _money(ceiling, terms)}
    if benefit.frequency is not None:
        yield _("At most %(most)s times within %(months)s months.") % {
            "most": benefit.frequency.most, "months": benefit.frequency.months,
        }  # fmt: skip
