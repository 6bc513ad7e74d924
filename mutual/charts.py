"""Charts drawn on the server: values in, one accessible SVG and the same figures as a table out.

The SVG carries a title and a description, uses presentation attributes and class names only (the content security
policy allows no inline style), and so prints the same in a PDF, while ``static/app.css`` recolours it for the dark
theme. Heights are computed in exact fractions; no amount becomes a float. Every chart is drawn twice, small for a phone
or a page of paper and wide for a wide column, so that its words have one size everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 350, 190
WIDE, WIDE_HEIGHT = 840, 250
_RIGHT, _TOP, _BOTTOM = 8, 16, 24
_FONT = 11
_LETTER = Fraction(63, 10)
"""About how wide one figure or letter is, in the font's size."""
_STEPS_AT_MOST = 4
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
    wide: SafeString
    """The same, drawn for a wide column."""
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
        spans=_line_spans,
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
        spans=_bar_spans,
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
        spans=_fan_spans,
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


_Span = tuple[Fraction, Fraction, Fraction]
"""At one place across the highest and the lowest that is drawn there."""


@dataclass(frozen=True)
class _Figure:
    """What is to be drawn."""

    labels: Sequence[str]
    series: Sequence[Series]
    words: Words
    target: Value | None
    target_words: str


class _Scale:
    """Places values between round steps around the lowest and the highest drawn, zero always included."""

    def __init__(self, figure: _Figure, width: int, height: int) -> None:
        self.width, self.height, self.count = width, height, len(figure.labels)
        everything = [value for one in figure.series for value in one.values]
        everything += [] if figure.target is None else [figure.target]
        self.steps = _steps(everything)
        self.low, self.high = self.steps[0], self.steps[-1]
        self.said = _short([figure.words(_back(step)) for step in self.steps])
        self.left = round(max(map(len, self.said)) * _LETTER) + 8

    def y(self, value: Value | Fraction) -> Fraction:
        room = self.height - _TOP - _BOTTOM
        return self.height - _BOTTOM - (Fraction(value) - self.low) * room / (self.high - self.low)

    def x(self, index: int) -> Fraction:
        return self.left + Fraction(self.room * index, max(self.count - 1, 1))

    @property
    def room(self) -> int:
        """From the first place across to the last."""
        return self.width - self.left - _RIGHT

    @property
    def slot(self) -> Fraction:
        """How much of the room one bar, or one group of bars, has."""
        return Fraction(self.room, self.count)


def _steps(values: Sequence[Value]) -> list[Fraction]:
    """At most five round levels, the first at or below all values and the last at or above; zero is one of them."""
    low, high = min(Fraction(0), *map(Fraction, values)), max(Fraction(0), *map(Fraction, values))
    whole = all(Fraction(value).denominator == 1 for value in values)
    step = _round_up((high - low) / _STEPS_AT_MOST, whole=whole)
    while -(low // step) - (-high // step) > _STEPS_AT_MOST:
        step = _round_up(step * Fraction(11, 10), whole=whole)
    first, last = low // step, max(-(-high // step), low // step + 1)
    return [step * number for number in range(first, last + 1)]


def _round_up(wanted: Fraction, *, whole: bool) -> Fraction:
    """The next of 1, 2, 2.5, 5, 10 and so on, a whole number where all values are."""
    if not wanted:
        return Fraction(1)
    power = Fraction(1)
    while power > wanted:
        power /= 10
    while power * 10 < wanted:
        power *= 10
    if whole:
        power = max(power, Fraction(1))
    fits = (power * Fraction(first, 2) for first in (2, 4, 5, 10, 20))
    return next(step for step in fits if step >= wanted and (not whole or step.denominator == 1))


def _short(said: list[str]) -> list[str]:
    """The levels in words; without the cents, where none has any."""
    no_cents = re.compile(r"[.,]00(?!\d)")
    return [no_cents.sub("", words) for words in said] if all(map(no_cents.search, said)) else said


_Drawer = Callable[[_Scale, Sequence[Series]], SafeString]
_Spans = Callable[[_Scale, Sequence[Series]], Iterable[_Span]]


def _draw(
    *,
    drawer: _Drawer,
    spans: _Spans,
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
    if not description:
        description = " ".join(
            f"{one.name}: {words(one.values[0])} ({labels[0]}) → {words(one.values[-1])} ({labels[-1]})."
            for one in series
        )
    figure = _Figure(labels, series, words, target, target_words)

    def drawn(name: str, width: int, height: int) -> SafeString:
        scale = _Scale(figure, width, height)
        mark = sha256(f"{name}\n{title}\n{description}".encode()).hexdigest()[:10]
        return format_html(
            '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-labelledby="chart-{}-title chart-{}-desc" '
            'xmlns="http://www.w3.org/2000/svg" font-family="Inter, sans-serif" font-size="{}">'
            '<title id="chart-{}-title">{}</title><desc id="chart-{}-desc">{}</desc>{}{}{}{}</svg>',
            name,
            width,
            height,
            mark,
            mark,
            _FONT,
            mark,
            title,
            mark,
            description,
            _rules(scale),
            drawer(scale, series),
            _target(scale, figure, list(spans(scale, series))),
            _labels(scale, labels, between=drawer is _bars),
        )

    return Chart(
        title=title,
        description=description,
        svg=drawn("chart-small", WIDTH, HEIGHT),
        wide=drawn("chart-wide", WIDE, WIDE_HEIGHT),
        columns=(of, *(one.name for one in series)),
        rows=tuple((label, *(words(one.values[i]) for one in series)) for i, label in enumerate(labels)),
        legend=tuple((number + 1, one.name) for number, one in enumerate(series)),
    )


def _n(value: Fraction | int) -> str:
    """A coordinate with at most one decimal: exact arithmetic, no float."""
    tenths = round(Fraction(value) * 10)
    sign, size = ("-", -tenths) if tenths < 0 else ("", tenths)
    return f"{sign}{size // 10}.{size % 10}" if size % 10 else f"{sign}{size // 10}"


def _rules(scale: _Scale) -> SafeString:
    """A line across at every round level, said in words at its left; the one at zero is the ground."""
    return format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="1"/>'
        '<text class="chart-text" x="{}" y="{}" text-anchor="end" fill="{}">{}</text>',
        (
            (
                "chart-rule" if level else "chart-rule chart-ground",
                scale.left,
                scale.width - _RIGHT,
                _n(scale.y(level)),
                _n(scale.y(level)),
                _RULE if level else _MUTED,
                scale.left - 6,
                _n(scale.y(level) + 4),
                _MUTED,
                words,
            )
            for level, words in zip(scale.steps, scale.said, strict=True)
        ),
    )


def _back(level: Fraction) -> Value:
    """The number a round level is."""
    if level.denominator == 1:
        return int(level)
    return Decimal(level.numerator) / Decimal(level.denominator)


def _lines(scale: _Scale, series: Sequence[Series]) -> SafeString:
    pieces = []
    for number, one in enumerate(series):
        points = [(scale.x(i), scale.y(value)) for i, value in enumerate(one.values)]
        if len(points) == 1:
            points.append((Fraction(scale.width - _RIGHT), points[0][1]))
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
    slot = scale.slot
    thick = slot * Fraction(7, 10) / len(series)
    ground = scale.y(0)
    rows = []
    for number, one in enumerate(series):
        for i, value in enumerate(one.values):
            y = scale.y(value)
            rows.append(
                (
                    number % len(_SERIES) + 1,
                    _n(scale.left + slot * i + slot * Fraction(15, 100) + thick * number),
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


def _line_spans(scale: _Scale, series: Sequence[Series]) -> Iterable[_Span]:
    for one in series:
        for i, value in enumerate(one.values):
            yield scale.x(i), scale.y(value), scale.y(value)


def _fan_spans(scale: _Scale, series: Sequence[Series]) -> Iterable[_Span]:
    for i in range(scale.count):
        yield scale.x(i), scale.y(series[-1].values[i]), scale.y(series[0].values[i])


def _bar_spans(scale: _Scale, series: Sequence[Series]) -> Iterable[_Span]:
    ground = scale.y(0)
    for one in series:
        for i, value in enumerate(one.values):
            y = scale.y(value)
            yield scale.left + scale.slot * i + scale.slot / 2, min(y, ground), max(y, ground)


def _target(scale: _Scale, figure: _Figure, spans: Sequence[_Span]) -> SafeString:
    if figure.target is None:
        return SafeString("")
    y = scale.y(figure.target)
    x, anchor, below = _free_place(scale, y, len(figure.target_words) * _LETTER, spans)
    return format_html(
        '<line class="chart-target" x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="1.5" '
        'stroke-dasharray="4 4"/><text class="chart-text" x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>',
        scale.left,
        scale.width - _RIGHT,
        _n(y),
        _n(y),
        _SERIES[1],
        _n(x),
        _n(y + 12 if below else y - 4),
        anchor,
        _INK,
        figure.target_words,
    )


def _free_place(scale: _Scale, y: Fraction, length: Fraction, spans: Sequence[_Span]) -> tuple[Fraction, str, bool]:
    """Where on its line the name of a level stands farthest from what is drawn: its x, its anchor, whether below."""
    found: list[tuple[Fraction, tuple[Fraction, str, bool]]] = []
    ends = ((Fraction(scale.width - _RIGHT), "end", -1), (Fraction(scale.left + 4), "start", 1))
    for below in (False, True):
        top = y + 2 if below else y - 2 - _FONT
        if top + _FONT > scale.height - _BOTTOM + 1 or top < 0:
            continue
        for x, anchor, way in ends:
            near, far = sorted((x, x + way * length))
            away = [
                max(high - top - _FONT, top - low, Fraction(0))
                for place, high, low in spans
                if near - scale.slot / 2 <= place <= far + scale.slot / 2
            ]
            found.append((min([*away, Fraction(40)]), (x, anchor, below)))
    return max(found, key=lambda one: one[0])[1]


def _labels(scale: _Scale, labels: Sequence[str], *, between: bool) -> SafeString:
    """The first, some between and the last label, or each of a few bars': as many as can be read at this width."""
    last = len(labels) - 1
    most = 6 if scale.width > WIDTH else 2
    parts = next((parts for parts in range(min(most, last), 2, -1) if last % parts == 0), 2)
    shown = sorted({last * part // parts for part in range(parts + 1)} if last >= 4 else {0, last})
    if between and last <= 3:
        shown = list(range(len(labels)))
    rows = []
    for index in shown:
        anchor = "middle"
        x = scale.left + scale.slot * index + scale.slot / 2 if between else scale.x(index)
        if index == 0 and (not between or last > 3):
            anchor, x = "start", Fraction(scale.left)
        elif index == last and (not between or last > 3):
            anchor, x = "end", Fraction(scale.width - _RIGHT)
        rows.append((_n(x), scale.height - 7, anchor, _MUTED, labels[index]))
    return format_html_join("", '<text class="chart-text" x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>', rows)
