"""Amounts, days and periods as the reader writes them.

Every currency prints with its *own* number of decimals (from its sub-unit: JPY 0, EUR 2, TND 3, CREDIT 2), never with
the two decimals a library assumes; time credit prints as hours and minutes (rule L12). A minus is a real minus sign,
so that a negative amount never hangs on colour alone.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError, dates, numbers
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from djmoney.money import Money

from mutual import periods
from mutual.currencies import CREDIT, HOUR
from mutual.money import decimals
from mutual.periods import Period

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
_TOUCHING = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", re.ASCII)
"""Where a currency written in letters would stick to its figure: ``TND 0.500``, not ``TND0.500``."""

_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
"""Codes that CLDR names beside the countries: unions, islands within a country, and what is nowhere."""

_PREFERRED = {"en": "en_GB"}
"""Which form of a language is meant when only the language is known: days before months, as most people write."""


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    code = name.replace("-", "_")
    for candidate in (_PREFERRED.get(code, code), code.split("_")[0], "en_GB"):
        try:
            return Locale.parse(candidate)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")


def locale_of(language: str | None = None) -> Locale:
    """The Babel locale of a Django language code, by default of the language in use.

    A language nobody knows gives English rather than an error: a page must always show.
    """
    return _locale(language or translation.get_language() or "en")


@lru_cache(maxsize=256)
def _pattern(text: str, digits: int) -> numbers.NumberPattern:
    """A locale's own pattern with our number of decimals in place of its."""
    pattern = numbers.parse_pattern(text)
    pattern.frac_prec = (digits, digits)
    return pattern


def number(value: Decimal | int, digits: int = 0, locale: str | None = None) -> str:
    """A plain number with exactly so many decimals and the locale's separators.

    Exact at any size: the number is never rounded by the formatter unless it has more decimals than ``digits``.
    """
    where = locale_of(locale)
    return _true_minus(_pattern(where.decimal_formats[None].pattern, digits).apply(Decimal(value), where))


def money(amount: Money, locale: str | None = None) -> str:
    """An amount with its currency: ``€1,234.50``, ``1.234,50 €``, ``¥1,235``, ``12.50 credits``, ``1:30 h``."""
    code = str(amount.currency)
    if code == HOUR:
        return hours(int(amount.amount), locale)
    if code == CREDIT:
        with translation.override(locale or translation.get_language() or "en"):
            one = amount.amount in (1, -1)
            return ngettext("%(amount)s credit", "%(amount)s credits", 1 if one else 2) % {
                "amount": number(amount.amount, decimals(code), locale),
            }
    where = locale_of(locale)
    pattern = _pattern(where.currency_formats["standard"].pattern, decimals(code))
    text = pattern.apply(amount.amount, where, currency=code, currency_digits=False)
    return _true_minus(_TOUCHING.sub(NO_BREAK, text))


def bare(amount: Money, locale: str | None = None) -> str:
    """The amount alone, for columns whose heading names the currency: ``1,234.50``; hours as ``1:30``."""
    code = str(amount.currency)
    if code == HOUR:
        return _clock(int(amount.amount))
    return number(amount.amount, decimals(code), locale)


def hours(minutes: int, locale: str | None = None) -> str:
    """Whole minutes as hours and minutes: 90 is ``1:30 h``."""
    with translation.override(locale or translation.get_language() or "en"):
        # Translators: hours and minutes, such as 1:30 h
        return _("%(time)s h") % {"time": _clock(minutes)}


def unit(currency: str, locale: str | None = None) -> str:
    """What stands beside an amount without one: ``EUR``, ``credits``, ``h:min``."""
    with translation.override(locale or translation.get_language() or "en"):
        if currency == CREDIT:
            return _("credits")
        if currency == HOUR:
            # Translators: the unit of a time amount written as hours:minutes
            return _("h:min")
        return currency


def day(value: dt.date, locale: str | None = None) -> str:
    """A day in full: ``5 November 2026``."""
    return dates.format_date(value, "long", locale=locale_of(locale))


def day_short(value: dt.date, locale: str | None = None) -> str:
    """A day in little room, the month still in letters where the language does so: ``5 Nov 2026``."""
    return dates.format_date(value, "medium", locale=locale_of(locale))


def day_of_year(value: dt.date, locale: str | None = None) -> str:
    """A day without its year: “31 December”."""
    return dates.format_skeleton("MMMMd", value, locale=locale_of(locale))


def month_name(number: int, locale: str | None = None) -> str:
    """A month of the year standing alone: 11 is “November”."""
    return str(dates.get_month_names("wide", context="stand-alone", locale=locale_of(locale))[number])


def month_short(value: dt.date, locale: str | None = None) -> str:
    """A month for the axis of a chart: “Nov 26”."""
    return dates.format_skeleton("yyMMM", value, locale=locale_of(locale))


def moment(value: dt.datetime, locale: str | None = None) -> str:
    """A day and a time of day, in the time zone the value carries: ``5 Nov 2026, 14:05:09``."""
    return dates.format_datetime(value, "medium", tzinfo=value.tzinfo, locale=locale_of(locale))


def period(value: Period, locale: str | None = None) -> str:
    """A period by its name where it has one, else by its first and last day."""
    where = locale_of(locale)
    start = value.start
    if value == periods.month(start):
        return dates.format_skeleton("yMMMM", start, locale=where)
    if value == periods.quarter(start):
        return dates.format_skeleton("yQQQ", start, locale=where)
    if value == periods.year(start):
        return dates.format_skeleton("y", start, locale=where)
    if value == periods.week(start):
        iso = start.isocalendar()
        with translation.override(locale or translation.get_language() or "en"):
            return _("Week %(week)d of %(year)d") % {"week": iso.week, "year": iso.year}
    return f"{day_short(start, locale)} – {day_short(value.last_day, locale)}"


def percent(share: Decimal, digits: int = 0, locale: str | None = None) -> str:
    """A share of one as a percentage: ``Decimal("0.125")`` is ``13 %`` or, with one digit, ``12.5 %``."""
    where = locale_of(locale)
    return _true_minus(_pattern(where.percent_formats[None].pattern, digits).apply(share, where))


def country(code: str, locale: str | None = None) -> str:
    """The name of a country, by its two letters (ISO 3166-1); the letters where nobody knows them."""
    return str(locale_of(locale).territories.get(code, code))


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """The two letters of every country and territory that has a post of its own (ISO 3166-1, and Kosovo’s XK)."""
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if re.fullmatch("[A-Z]{2}", code)) - _NO_COUNTRIES


def countries(locale: str | None = None) -> list[tuple[str, str]]:
    """Every country, as (letters, name), in the order of the names as they are spelled without their marks."""
    named = ((code, country(code, locale)) for code in country_codes())
    return sorted(named, key=lambda one: unicodedata.normalize("NFKD", one[1]).casefold())


def _clock(minutes: int) -> str:
    size = abs(minutes)
    return f"{MINUS if minutes < 0 else ''}{size // 60}:{size % 60:02}"


def _true_minus(text: str) -> str:
    return text.replace("-", MINUS)
