"""``{% load mutual %}``: amounts, days and periods in the reader's language, icons, charts and tables.

Filters answer an empty string for ``None``, so that a page says nothing rather than "None".
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cache
from html import unescape
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from djmoney.money import Money

from mutual import formats
from mutual.charts import Chart
from mutual.pages import downloads
from mutual.periods import Period
from mutual.trail.reports import about
from mutual.trail.words import spoken as in_words

register = template.Library()


@register.filter
def money(amount: Money | None) -> str:
    """``{{ m|money }}``: the amount with its currency and its own decimals."""
    return "" if amount is None else formats.money(amount)


@register.filter
def bare(amount: Money | None) -> str:
    """``{{ m|bare }}``: the amount alone, under a heading that names the currency."""
    return "" if amount is None else formats.bare(amount)


@register.filter
def unit(currency: object) -> str:
    """``{{ m.currency|unit }}``: the currency's name beside a bare amount (EUR, credits, h:min)."""
    return "" if currency is None else formats.unit(str(currency))


@register.filter
def signed(amount: Money | None) -> SafeString | str:
    """``{{ m|signed }}``: money in with a plus, money out with a minus; sign and shape say it before colour does."""
    if amount is None:
        return ""
    text = formats.money(amount)
    if amount.amount > 0:
        return format_html('<span class="money money-in">+{}</span>', text)
    if amount.amount < 0:
        return format_html('<span class="money money-out">{}</span>', text)
    return format_html('<span class="money">{}</span>', text)


@register.filter
def figure(amount: Money | None) -> SafeString | str:
    """``{{ m|figure }}``: a number for the eye, the currency set smaller than the digits."""
    if amount is None:
        return ""
    text = formats.money(amount)
    digits = formats.bare(amount)
    before, found, after = text.partition(digits)
    if not found:
        before, after = "", ""
        digits = text
    lead = format_html('<span class="figure-unit">{}</span>', before) if before.strip() else before
    tail = format_html('<span class="figure-unit">{}</span>', after) if after.strip() else after
    kind = " figure-minus" if amount.amount < 0 else ""
    return format_html('<span class="figure{}">{}{}{}</span>', kind, lead, digits, tail)


@register.filter
def day(value: dt.date | None) -> SafeString | str:
    """``{{ d|day }}``: 5 November 2026, readable by machines too."""
    return "" if not value else format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))


@register.filter
def day_short(value: dt.date | None) -> SafeString | str:
    """``{{ d|day_short }}``: 5 Nov 2026."""
    return (
        "" if not value else format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day_short(value))
    )


@register.filter
def moment(value: dt.datetime | None) -> SafeString | str:
    """``{{ t|moment }}``: a day and time of day in the cooperative's time zone."""
    if not value:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), formats.moment(local))


@register.filter
def period(value: Period | None) -> str:
    """``{{ p|period }}``: November 2026."""
    return "" if value is None else formats.period(value)


@register.filter
def number(value: int | Decimal | None) -> str:
    """``{{ n|number }}``: a count with the language's separators."""
    return "" if value is None else formats.number(value, 0)


@register.filter
def at(values: dict[Any, Any], key: object) -> Any:
    """``{{ found|at:claim.pk }}``: what a mapping says of a key, or nothing."""
    return values.get(key, "")


@register.filter
def percent(value: Decimal | None) -> str:
    """``{{ share|percent }}``: a share of one as a percentage, without decimals."""
    return "" if value is None else formats.percent(value)


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@register.filter
def browser(agent: str) -> str:
    """``{{ session.user_agent|browser }}``: Chrome on Linux, as far as a browser says who it is."""
    name = next((word for mark, word in _BROWSERS if mark in agent), "")
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or _("A browser")


@register.filter
def spoken(code: str) -> str:
    """``{{ deed.did|spoken }}``: CLAIM_APPROVED as "Claim approved"."""
    return in_words(code)


@register.filter
def subject(code: str) -> str:
    """``{{ decision.subject|subject }}``: fund-parents as "Fund: Parents"; a number as it is."""
    return about(code)


@register.filter
def code(text: str) -> SafeString:
    """``{{ account.code|code }}``: an account's code that may break after its colons and nowhere else."""
    return format_html_join(SafeString(":<wbr>"), "{}", ((piece,) for piece in str(text).split(":")))


@register.filter
def of(names: dict[Any, Any], key: Any) -> Any:
    """``{{ people|of:entry.recorded_by }}``: what a mapping holds under a key, or nothing."""
    return names.get(key, "")


@register.filter
def country(code: str) -> str:
    """``{{ rule.country|country }}``: a country's name in the reader's language."""
    return formats.country(code)


@cache
def _sprite() -> str:
    return static("icons/sprite.svg")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """``{% icon "coin" %}``: a drawing beside words; with a label it stands alone and is read out."""
    where = f"{_sprite()}#{name or 'circle-dashed'}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, where)
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', where)


@register.inclusion_tag("components/take_away.html", takes_context=True)
def take_away(context: template.Context, **also: str) -> dict[str, Any]:
    """``{% take_away %}``: the list of this page, as it is filtered, as CSV and for a spreadsheet; words given stand in
    the address too (``period=period.label``)."""
    return {"files": downloads.addresses(context["request"].GET, **also)}


@register.inclusion_tag("components/chart.html")
def chart(value: Chart | None, unfolded: bool = False) -> dict[str, Any]:
    """``{% chart c %}``: the drawing, its figures as a table beside it (shown at once if unfolded)."""
    return {"chart": value, "unfolded": unfolded}


TONES: dict[str, tuple[str, str]] = {
    "good": ("circle-check", "good"),
    "wait": ("clock", "wait"),
    "warn": ("alert-triangle", "warn"),
    "bad": ("circle-x", "bad"),
    "info": ("info-circle", "info"),
    "off": ("circle-dashed", "off"),
}

_STATES = {
    "good": "ACTIVE PAID APPROVED SETTLED CONFIRMED DONE CLOSED ALLOCATED MATCHED SENT ADMITTED COMPLETED FINISHED",
    "wait": "APPLICANT SUBMITTED PROPOSED REQUESTED PENDING ISSUED OPEN RUNNING ACCEPTED WAITING QUEUED CHARGED",
    "warn": "OVERDUE PART_PAID SUSPENDED PARTLY PARTLY_PAID PARTIALLY_PAID PARTIAL",
    "bad": "REFUSED REJECTED FAILED DECLINED BOUNCED STOPPED",
    "off": "DRAFT LEFT WITHDRAWN CANCELLED REVERSED CREDITED WRITTEN_OFF WAIVED EXPIRED INACTIVE",
}
_TONE_OF = {state: tone for tone, states in _STATES.items() for state in states.split()}


@register.inclusion_tag("components/status.html")
def status(state: str, label: str = "", tone: str = "") -> dict[str, Any]:
    """``{% status claim.status claim.get_status_display %}``: an icon and a word, never colour alone.

    :param tone: ``good``, ``wait``, ``warn``, ``bad``, ``info`` or ``off``; by default the usual one of the state
    """
    chosen = tone if tone in TONES else _TONE_OF.get(str(state).upper(), "info")
    return {"icon": TONES[chosen][0], "tone": chosen, "label": label or spoken(state)}


@register.inclusion_tag("components/callout.html")
def callout(tone: str, title: str, text: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """``{% callout "warn" title text url action %}``: something to know before going on."""
    chosen = tone if tone in TONES else "info"
    return {"icon": TONES[chosen][0], "tone": chosen, "title": title, "text": text, "url": url, "action": action}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str = "") -> dict[str, Any]:
    """``{% progress run.done run.total %}``: how far a piece of work is, in a bar and in words."""
    whole = max(total or 0, 0)
    part = min(max(done or 0, 0), whole)
    return {
        "done": part,
        "total": whole,
        "label": label or _("Progress"),
        "share": formats.percent(Decimal(part) / whole) if whole else "",
    }


_HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]*>")
_SPAN = re.compile(r'colspan="(\d+)"')


def _labelled(body: SafeString) -> SafeString:
    """Give every figure the name of its column, which a phone shows before it where the columns are stacked.

    Where there is one column of figures it needs no name.
    """
    head, found, rows = body.partition("</thead>")
    names = [escape(unescape(strip_tags(name)).strip()) for name in _HEADING.findall(head)]
    if not found or len(re.findall(r'<th\b[^>]*class="[^"]*\bnum\b', head)) < 2:
        return body

    def row(match: re.Match[str]) -> str:
        column = 0

        def cell(start: re.Match[str]) -> str:
            nonlocal column
            tag, here = start[0], column
            span = _SPAN.search(tag)
            column += int(span[1]) if span else 1
            if here >= len(names) or "data-label" in tag or not re.search(r'class="[^"]*\bnum\b', tag):
                return tag
            return f'{tag[:-1]} data-label="{names[here]}">'

        return _CELL.sub(cell, match[0])

    return mark_safe(head + found + re.sub(r"<tr\b.*?</tr>", row, rows, flags=re.DOTALL))  # noqa: S308


class _Table(template.Node):
    def __init__(self, title: template.base.FilterExpression, inside: template.NodeList, extra: str) -> None:
        self.title, self.inside, self.extra = title, inside, extra

    def render(self, context: template.Context) -> SafeString:
        title = self.title.resolve(context)
        body = self.inside.render(context)
        if "table-stack" in self.extra:
            body = _labelled(body)
        return format_html(
            '<div class="table-scroll" role="region" aria-label="{}" tabindex="0">'
            '<table class="table {}"><caption class="visually-hidden">{}</caption>{}</table></div>',
            title,
            self.extra,
            title,
            body,
        )


@register.tag("table")
def table(parser: template.base.Parser, token: template.base.Token) -> _Table:
    """``{% table caption %}<thead>…</thead><tbody>…</tbody>{% endtable %}``.

    A table that scrolls inside its own frame on a narrow screen, reachable by keyboard, with a caption for those who
    do not see it. Further words are classes: ``{% table _("Accounts") "table-stack" %}`` stacks its rows on a phone.
    """
    pieces = token.split_contents()
    if len(pieces) < 2:
        raise template.TemplateSyntaxError("table needs a caption")
    extra = " ".join(piece.strip("\"'") for piece in pieces[2:])
    inside = parser.parse(("endtable",))
    parser.delete_first_token()
    return _Table(parser.compile_filter(pieces[1]), inside, extra)
