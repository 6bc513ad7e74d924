"""Form fields for what people type: amounts, hours, days, periods and text.

Whatever is typed, a field answers with a clean value or a plain sentence (``ValidationError``) and with nothing else:
rules R-A11 (amounts) and R-G10 (text). No field ever guesses: where ``1.234`` could be a thousand or a fraction, the
reader's own language decides, and what it does not allow is refused.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import numbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from djmoney.money import Money

from mutual import formats, periods, uploads
from mutual.currencies import HOUR
from mutual.money import LARGEST, decimals
from mutual.periods import Period

EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2199, 12, 31)
"""Days outside these are slips of the finger, and some of them are not days at all to PostgreSQL or Babel."""

_LONGEST_AMOUNT = 40
_SPACES = re.compile(r"[\s'’]")
_PLAIN = re.compile(r"[0-9]+")
_HOURS = re.compile(r"([0-9]{1,7})(?:[:hH.]([0-5][0-9]))?\s*(?:h|hrs?|hours?)?", re.IGNORECASE | re.ASCII)
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}

_TOO_WILD = _("Write an amount such as %(example)s.")


class Suffixed(forms.TextInput):
    """A text box with the unit beside it, where a screen reader also finds it."""

    template_name = "django/forms/widgets/suffixed.html"

    def __init__(self, *, unit: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.unit = unit

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["unit"] = formats.unit(self.unit)
        return context


class DayInput(forms.DateInput):
    """The browser's own calendar; without one, a text box that takes what the field takes."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class AmountField(forms.Field):
    """An amount of one currency, read as the person's language writes it.

    ``1,234.50``, ``1.234,50``, ``1 234,5`` and ``1'234.50`` are all understood. Signs, exponents, words such as NaN,
    and more decimals than the currency has are refused, as is an amount outside the limits.

    :param currency: the currency of the amount; ``HOUR`` reads hours and minutes
    :param min_value: the smallest amount allowed, by default the currency's smallest unit
    :param max_value: the largest amount allowed, by default what the books can hold
    """

    default_error_messages = {
        "invalid": _TOO_WILD,
        "decimals": _("%(currency)s has %(digits)s decimals at most: write an amount such as %(example)s."),
        "whole": _("%(currency)s has no decimals: write a whole amount such as %(example)s."),
        "too_small": _("The amount must be at least %(limit)s."),
        "too_large": _("The amount must be at most %(limit)s."),
    }

    def __init__(
        self,
        *,
        currency: str = "EUR",
        min_value: Money | None = None,
        max_value: Money | None = None,
        **kwargs: Any,
    ) -> None:
        self.currency = currency
        self.digits = decimals(currency)
        smallest = Decimal(1).scaleb(-self.digits)
        self.min_value = min_value if min_value is not None else Money(smallest, currency)
        self.max_value = max_value if max_value is not None else Money(Decimal(LARGEST).scaleb(-self.digits), currency)
        if "widget" not in kwargs:
            mode = "decimal" if self.digits else "numeric"
            kwargs["widget"] = Suffixed(unit=currency, attrs={"inputmode": mode, "autocomplete": "off"})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Money | None:
        """:raises ValidationError: if the text is no amount of this currency"""
        if value in self.empty_values:
            return None
        if isinstance(value, Money):
            return value
        return Money(self._read(str(value)), self.currency)

    def validate(self, value: Any) -> None:
        """:raises ValidationError: if the amount is missing or outside its limits"""
        super().validate(value)
        if value is None:
            return
        if value.amount < self.min_value.amount:
            raise ValidationError(
                self.error_messages["too_small"], code="too_small", params={"limit": formats.money(self.min_value)}
            )
        if value.amount > self.max_value.amount:
            raise ValidationError(
                self.error_messages["too_large"], code="too_large", params={"limit": formats.money(self.max_value)}
            )

    def prepare_value(self, value: Any) -> Any:
        """What stands in the box: the amount as the person would type it, without grouping."""
        if not isinstance(value, Money):
            return value
        if self.currency == HOUR:
            return formats.bare(value)
        decimal = f"{value.amount:.{self.digits}f}"
        return decimal.replace(".", _separators()[0])

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the person typed another amount (``12`` and ``12.00`` are one)."""
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True

    def _refuse(self, code: str) -> ValidationError:
        example = Decimal("1234.5") if self.digits else Decimal(1235)
        return ValidationError(
            self.error_messages[code],
            code=code,
            params={
                "currency": formats.unit(self.currency),
                "digits": self.digits,
                "example": formats.number(example, self.digits),
            },
        )

    def _read(self, typed: str) -> Decimal:
        if len(typed) > _LONGEST_AMOUNT:
            raise self._refuse("invalid")
        text = _SPACES.sub("", unicodedata.normalize("NFKC", typed)).replace(formats.MINUS, "-")
        for mark in (self.currency, _SYMBOLS.get(self.currency)):
            if mark:
                text = text.removeprefix(mark).removesuffix(mark)
        sign = -1 if text.startswith("-") else 1
        text = text.removeprefix("-")
        whole, fraction = _split(text, self.digits)
        if whole is None or not (_PLAIN.fullmatch(whole) and _PLAIN.fullmatch(fraction or "0")):
            raise self._refuse("invalid")
        if len(fraction.rstrip("0")) > self.digits:
            raise self._refuse("decimals" if self.digits else "whole")
        try:
            amount = sign * Decimal(f"{whole}.{fraction or '0'}")
        except InvalidOperation as error:
            raise self._refuse("invalid") from error
        return amount.quantize(Decimal(1).scaleb(-self.digits)) if len(whole) < 20 else amount


def _separators() -> tuple[str, str]:
    """The decimal and the grouping sign of the language in use."""
    where = formats.locale_of()
    return numbers.get_decimal_symbol(where), numbers.get_group_symbol(where)


def _split(text: str, digits: int) -> tuple[str | None, str]:
    """Cut an unsigned amount into whole part and fraction; ``None`` where it makes no sense."""
    points, commas = text.count("."), text.count(",")
    if not points and not commas:
        return text, ""
    if points and commas:
        last = "." if text.rfind(".") > text.rfind(",") else ","
        whole, _sign, fraction = text.rpartition(last)
        other = "," if last == "." else "."
        if last in whole or not _grouped(whole, other):
            return None, ""
        return whole.replace(other, ""), fraction
    mark = "." if points else ","
    if points + commas > 1:
        return (text.replace(mark, ""), "") if _grouped(text, mark) else (None, "")
    whole, _sign, fraction = text.partition(mark)
    if mark == _separators()[1] and _grouped(text, mark):
        return whole + fraction, ""
    return whole or "0", fraction


def _grouped(text: str, mark: str) -> bool:
    head, *rest = text.split(mark)
    return 1 <= len(head) <= 3 and head != "0" and bool(rest) and all(len(part) == 3 for part in rest)


class HoursField(AmountField):
    """Time credit as hours and minutes: ``1:30`` is ``Money(90, "HOUR")`` (rule L12: whole minutes only)."""

    default_error_messages = {"invalid": _("Write hours and minutes, such as 1:30.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", Suffixed(unit=HOUR, attrs={"autocomplete": "off"}))
        kwargs["currency"] = HOUR
        super().__init__(**kwargs)

    def _read(self, typed: str) -> Decimal:
        if len(typed) > _LONGEST_AMOUNT:
            raise self._refuse("invalid")
        text = unicodedata.normalize("NFKC", typed).strip()
        found = _HOURS.fullmatch(text)
        if found is None or "." in text:
            raise self._refuse("invalid")
        return Decimal(int(found[1]) * 60 + int(found[2] or 0))


class DayField(forms.DateField):
    """A day, between 1900 and 2199, from the browser's calendar or typed as the language writes it."""

    widget = DayInput
    default_error_messages = {
        "invalid": _("Write a day such as 2026-11-05."),
        "far": _("That day is too far away: check the year."),
        "early": _("The day must not be before %(limit)s."),
        "late": _("The day must not be after %(limit)s."),
    }

    def __init__(self, *, min_value: dt.date | None = None, max_value: dt.date | None = None, **kwargs: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> dt.date | None:
        """:raises ValidationError: if the text is no day, or a day outside the limits"""
        if isinstance(value, str):
            value = unicodedata.normalize("NFKC", value).strip()
            if len(value) > _LONGEST_AMOUNT:
                raise ValidationError(self.error_messages["invalid"], code="invalid")
        day = super().to_python(value)
        if day is None:
            return None
        if not EARLIEST <= day <= LATEST:
            raise ValidationError(self.error_messages["far"], code="far")
        if self.min_value is not None and day < self.min_value:
            raise ValidationError(
                self.error_messages["early"], code="early", params={"limit": formats.day(self.min_value)}
            )
        if self.max_value is not None and day > self.max_value:
            raise ValidationError(
                self.error_messages["late"], code="late", params={"limit": formats.day(self.max_value)}
            )
        return day

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """The limits also stand in the browser's calendar."""
        attrs = super().widget_attrs(widget)
        if self.min_value is not None:
            attrs["min"] = self.min_value.isoformat()
        if self.max_value is not None:
            attrs["max"] = self.max_value.isoformat()
        return attrs


class CountryField(forms.ChoiceField):
    """A country, chosen by its name in the reader's language; the value is its two letters."""

    def __init__(self, **about: Any) -> None:
        about.setdefault("label", _("Country"))
        super().__init__(choices=formats.countries, **about)


class PeriodField(forms.Field):
    """A month, week, quarter or year: ``2026-11``, ``2026-W45``, ``2026-Q4`` or ``2026``."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Write a period such as 2026-11, 2026-W45, 2026-Q4 or 2026."),
    }

    def to_python(self, value: Any) -> Period | None:
        """:raises ValidationError: if the text is no period, or one too far away"""
        if value in self.empty_values:
            return None
        if isinstance(value, Period):
            return value
        text = unicodedata.normalize("NFKC", str(value)).strip().upper()
        try:
            period = periods.parse(text)
        except (periods.BadPeriod, ValueError, OverflowError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if not EARLIEST <= period.start <= LATEST:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return period

    def prepare_value(self, value: Any) -> Any:
        """The text the period is read from."""
        return value.label if isinstance(value, Period) else value


def _forbidden(text: str, *, allowed: Iterable[str] = ()) -> bool:
    """Whether the text holds a control, a lone surrogate, or a character that turns the direction of writing."""
    return any(
        (category := unicodedata.category(char)) in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and char in _TURNING)
        for char in text
        if char not in allowed
    )


_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class LineField(forms.CharField):
    """One line of text, in Unicode's composed form, without invisible tricks.

    :param max_length: the most characters, counted after composing
    """

    default_error_messages = {
        "forbidden": _("This text holds invisible characters that cannot be kept. Type it again by hand."),
    }
    _allowed = ""

    def __init__(self, *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        """:raises ValidationError: if the text holds control or direction characters, or NUL"""
        if value in self.empty_values:
            return str(self.empty_value)
        text = self._prepare(str(value))
        if _forbidden(text, allowed=self._allowed):
            raise ValidationError(self.error_messages["forbidden"], code="forbidden")
        return unicodedata.normalize("NFC", text)

    def _prepare(self, text: str) -> str:
        return text.strip()


class TextField(LineField):
    """Several lines of text, otherwise as :class:`LineField`."""

    widget = forms.Textarea(attrs={"rows": 4})
    _allowed = "\n\t"

    def __init__(self, *, max_length: int = 2000, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def _prepare(self, text: str) -> str:
        for ending in ("\r\n", "\r", "\u2028", "\u2029", "\x85"):
            text = text.replace(ending, "\n")
        return text.strip()


class FilesInput(forms.ClearableFileInput):
    """Several files at once; a telephone offers its camera."""

    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"accept": uploads.ACCEPT, **(attrs or {})})


class FilesField(forms.FileField):
    """Photos and PDFs: each looked at and cleaned (:func:`mutual.uploads.accept`), in the order they were chosen."""

    widget = FilesInput
    default_error_messages = {"many": _("Send at most %(most)s files.")}

    def clean(self, data: Any, initial: Any = None) -> list[uploads.Accepted]:
        """:raises ValidationError: if a file may not come in, or there are too many"""
        files = [one for one in (data if isinstance(data, list) else [data]) if one]
        if not files:
            super().clean(None, initial)
            return []
        if len(files) > uploads.MOST:
            raise ValidationError(self.error_messages["many"], code="many", params={"most": uploads.MOST})
        try:
            return [uploads.accept(one.read()) for one in files]
        except uploads.UploadRefused as refused:
            raise ValidationError(str(refused), code="refused") from refused
