"""Charts drawn on the server: values in, one accessible SVG and the same figures as a table out.

The SVG carries a title and a description, uses presentation attributes and class names only (the content security
policy allows no inline style), and so prints the same in a PDF, while ``static/app.css`` recolours it for the dark
theme. Heights are computed in exact fractions; no amount becomes a float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 400, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 16, 24
_INK, _MUTED, _RULE = "#22332c", "#5d665f", "#ddd4c3"
_SERIES = ("#1f5c47", "#b3552b", "#2f5f86", "#8a6a12")
_DASHES = ("none", "5 3", "2 3", "8 3 2 3")
"""A second mark beside colour, so that lines differ in grey print and to a colour-blind eye as well."""

Value = Decimal | int
Words = Callable[[Value], str]


@dataclass(frozen=True)
class Series:
    """One line or one set of bars: a name and a value for every label."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Chart:
    """A drawing and the figures it was made from.

    ``columns`` names the table's columns, the first being what the labels are; ``rows`` holds, for every label, the
    label and each series' value in words.
    """

    title: str
    description: str
    svg: SafeString
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[tuple[int | str, str], ...]
    """What each line or band is called, with the number of its colour or the name of its band."""


def line(
    *,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    words: Words = str,
    description: str = "",
    of: str = "",
    target: Value | None = None,
    target_words: str = "",
) -> Chart:
    """A line for each series over evenly spaced labels, with an optional level to reach.

    :param words: how a value is written (``lambda v: formats.money(Money(v, "EUR"))``)
    :param of: what the labels are, as the heading of the table's first column
    :raises ValueError: if there is no label or no series, or a series has not one value for each label
    """
    return _draw(
        drawer=_lines,
        title=title,
        labels=labels,
        series=series,
        words=words,
        description=description,
        of=of,
        target=target,
        target_words=target_words,
    )


def bars(
    *,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    words: Words = str,
    description: str = "",
    of: str = "",
    target: Value | None = None,
    target_words: str = "",
) -> Chart:
    """Bars, side by side for each series; otherwise as :func:`line`."""
    return _draw(
        drawer=_bars,
        title=title,
        labels=labels,
        series=series,
        words=words,
        description=description,
        of=of,
        target=target,
        target_words=target_words,
    )


def fan(
    *,
    title: str,
    labels: Sequence[str],
    lines: Sequence[Series],
    words: Words = str,
    legend: Sequence[str] = (),
    description: str = "",
    of: str = "",
    target: Value | None = None,
    target_words: str = "",
) -> Chart:
    """What may happen: a line in the middle, and around it bands, the darker the likelier; otherwise as :func:`line`.

    :param lines: an odd number of series from the lowest to the highest; each pair, outermost first, is a band
    :param legend: what the middle line means, then each band from the innermost
    :raises ValueError: if the number of lines is even
    """
    if len(lines) % 2 == 0:
        raise ValueError("A fan needs a line in the middle.")
    drawn = _draw(
        drawer=_fan,
        title=title,
        labels=labels,
        series=lines,
        words=words,
        description=description,
        of=of,
        target=target,
        target_words=target_words,
    )
    numbers: tuple[int | str, ...] = (1, *(f"band-{number}" for number in range(1, len(lines) // 2 + 1)))
    return replace(drawn, legend=tuple(zip(numbers, legend, strict=False)))


class _Scale:
    """Places values between the lowest and the highest drawn, zero always included."""

    def __init__(self, values: Sequence[Value], count: int) -> None:
        low, high = min(0, *values), max(0, *values)
        self.low = Fraction(low)
        self.high = Fraction(high) if high > low else Fraction(low) + 1
        self.count = count

    def y(self, value: Value) -> Fraction:
        room = HEIGHT - _TOP - _BOTTOM
        return HEIGHT - _BOTTOM - (Fraction(value) - self.low) * room / (self.high - self.low)

    def x(self, index: int) -> Fraction:
        room = WIDTH - _LEFT - _RIGHT
        return _LEFT + Fraction(room * index, max(self.count - 1, 1))


_Drawer = Callable[[_Scale, Sequence[Series]], SafeString]


def _draw(
    *,
    drawer: _Drawer,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    words: Words,
    description: str,
    of: str,
    target: Value | None,
    target_words: str,
) -> Chart:
    if not labels or not series:
        raise ValueError("A chart needs at least one label and one series.")
    if any(len(one.values) != len(labels) for one in series):
        raise ValueError("Every series needs one value for each label.")
    everything = [value for one in series for value in one.values]
    scale = _Scale([*everything, target] if target is not None else everything, len(labels))
    if not description:
        description = " ".join(
            f"{one.name}: {words(one.values[0])} ({labels[0]}) → {words(one.values[-1])} ({labels[-1]})."
            for one in series
        )
    mark = sha256(f"{title}\n{description}".encode()).hexdigest()[:10]
    svg = format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="chart-{}-title chart-{}-desc" '
        'xmlns="http://www.w3.org/2000/svg" font-family="Inter, sans-serif" font-size="11">'
        '<title id="chart-{}-title">{}</title><desc id="chart-{}-desc">{}</desc>{}{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        mark,
        mark,
        mark,
        title,
        mark,
        description,
        _rules(scale, words),
        drawer(scale, series),
        _target(scale, target, target_words),
        _labels(scale, labels, between=drawer is _bars),
    )
    return Chart(
        title=title,
        description=description,
        svg=svg,
        columns=(of, *(one.name for one in series)),
        rows=tuple((label, *(words(one.values[i]) for one in series)) for i, label in enumerate(labels)),
        legend=tuple((number + 1, one.name) for number, one in enumerate(series)),
    )


def _n(value: Fraction | int) -> str:
    """A coordinate with at most one decimal: exact arithmetic, no float."""
    tenths = round(Fraction(value) * 10)
    sign, size = ("-", -tenths) if tenths < 0 else ("", tenths)
    return f"{sign}{size // 10}.{size % 10}" if size % 10 else f"{sign}{size // 10}"


def _rules(scale: _Scale, words: Words) -> SafeString:
    """The zero line, the highest value and, where there is one, the lowest, each said in words."""
    levels: list[Fraction] = [Fraction(0)]
    if scale.high > 0:
        levels.append(scale.high)
    if scale.low < 0:
        levels.append(scale.low)
    return format_html_join(
        "",
        '<line class="chart-rule" x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="1"/>'
        '<text class="chart-text" x="{}" y="{}" fill="{}">{}</text>',
        (
            (
                _LEFT,
                WIDTH - _RIGHT,
                _n(scale.y(_back(level))),
                _n(scale.y(_back(level))),
                _RULE,
                _LEFT,
                _n(scale.y(_back(level)) - 4),
                _MUTED,
                words(_back(level)),
            )
            for level in levels
        ),
    )


def _back(level: Fraction) -> Value:
    """The decimal a level came from (levels are always values, or 0 or 1)."""
    if level.denominator == 1:
        return int(level)
    return Decimal(level.numerator) / Decimal(level.denominator)


def _lines(scale: _Scale, series: Sequence[Series]) -> SafeString:
    pieces = []
    for number, one in enumerate(series):
        points = [(scale.x(i), scale.y(value)) for i, value in enumerate(one.values)]
        if len(points) == 1:
            points.append((Fraction(WIDTH - _RIGHT), points[0][1]))
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        ground = _n(scale.y(0))
        colour = _SERIES[number % len(_SERIES)]
        if number == 0:
            pieces.append(
                format_html(
                    '<polygon class="chart-area chart-area-1" points="{},{} {} {},{}" fill="{}" fill-opacity="0.1"/>',
                    _n(points[0][0]),
                    ground,
                    path,
                    _n(points[-1][0]),
                    ground,
                    colour,
                )
            )
        pieces.append(
            format_html(
                '<polyline class="chart-line chart-line-{}" points="{}" fill="none" stroke="{}" stroke-width="2.5" '
                'stroke-linejoin="round" stroke-linecap="round" stroke-dasharray="{}"/>'
                '<circle class="chart-dot chart-dot-{}" cx="{}" cy="{}" r="4" fill="{}"/>',
                number % len(_SERIES) + 1,
                path,
                colour,
                _DASHES[number % len(_DASHES)],
                number % len(_SERIES) + 1,
                _n(points[-1][0]),
                _n(points[-1][1]),
                colour,
            )
        )
    return SafeString("".join(pieces))


def _fan(scale: _Scale, series: Sequence[Series]) -> SafeString:
    pieces = []
    middle = len(series) // 2
    for place in range(middle):
        above = [(scale.x(i), scale.y(value)) for i, value in enumerate(series[-1 - place].values)]
        below = [(scale.x(i), scale.y(value)) for i, value in enumerate(series[place].values)]
        corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in [*above, *reversed(below)])
        pieces.append(
            format_html(
                '<polygon class="chart-band chart-band-{}" points="{}" fill="{}" fill-opacity="{}"/>',
                middle - place,
                corners,
                _SERIES[0],
                "0.14" if place == 0 else "0.2",
            )
        )
    path = " ".join(f"{_n(scale.x(i))},{_n(scale.y(value))}" for i, value in enumerate(series[middle].values))
    pieces.append(
        format_html(
            '<polyline class="chart-line chart-line-1" points="{}" fill="none" stroke="{}" stroke-width="2.5" '
            'stroke-linejoin="round" stroke-linecap="round"/>',
            path,
            _SERIES[0],
        )
    )
    return SafeString("".join(pieces))


def _bars(scale: _Scale, series: Sequence[Series]) -> SafeString:
    slot = Fraction(WIDTH - _LEFT - _RIGHT, scale.count)
    thick = slot * Fraction(7, 10) / len(series)
    ground = scale.y(0)
    rows = []
    for number, one in enumerate(series):
        for i, value in enumerate(one.values):
            y = scale.y(value)
            rows.append(
                (
                    number % len(_SERIES) + 1,
                    _n(_LEFT + slot * i + slot * Fraction(15, 100) + thick * number),
                    _n(min(y, ground)),
                    _n(thick),
                    _n(abs(ground - y)),
                    _SERIES[number % len(_SERIES)],
                )
            )
    return format_html_join(
        "",
        '<rect class="chart-bar chart-bar-{}" x="{}" y="{}" width="{}" height="{}" rx="2" fill="{}"/>',
        rows,
    )


def _target(scale: _Scale, target: Value | None, words: str) -> SafeString:
    if target is None:
        return SafeString("")
    y = scale.y(target)
    return format_html(
        '<line class="chart-target" x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="1.5" '
        'stroke-dasharray="4 4"/><text class="chart-text" x="{}" y="{}" text-anchor="end" fill="{}">{}</text>',
        _LEFT,
        WIDTH - _RIGHT,
        _n(y),
        _n(y),
        _SERIES[1],
        WIDTH - _RIGHT,
        _n(y - 4),
        _INK,
        words,
    )


def _labels(scale: _Scale, labels: Sequence[str], *, between: bool) -> SafeString:
    """The first, middle and last label, or each of a few bars': more would not be read on a phone."""
    last = len(labels) - 1
    shown = sorted({0, last // 2, last} if last >= 4 else {0, last})
    if between and last <= 3:
        shown = list(range(len(labels)))
    slot = Fraction(WIDTH - _LEFT - _RIGHT, scale.count)
    rows = []
    for index in shown:
        anchor = "middle"
        x = _LEFT + slot * index + slot / 2 if between else scale.x(index)
        if index == 0 and (not between or last > 3):
            anchor, x = "start", Fraction(_LEFT)
        elif index == last and (not between or last > 3):
            anchor, x = "end", Fraction(WIDTH - _RIGHT)
        rows.append((_n(x), HEIGHT - 7, anchor, _MUTED, labels[index]))
    return format_html_join("", '<text class="chart-text" x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>', rows)
