"""Charts say what they show, keep every figure, and hold no inline style."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutual import charts

SVG = "{http://www.w3.org/2000/svg}"
VALUES = st.one_of(
    st.integers(-(10**15), 10**15), st.decimals(-(10**12), 10**12, places=3, allow_nan=False, allow_infinity=False)
)


def chart(drawing=charts.line, values=(1, 2, 3), **more):
    labels = [f"2026-{i:02}" for i in range(1, len(values) + 1)]
    return drawing(title="Fund", labels=labels, series=[charts.Series("Balance", tuple(values))], of="Month", **more)


class TestLine:
    def test_names_and_describes_itself(self):
        root = ET.fromstring(chart().svg)
        said = root.attrib["aria-labelledby"].split()
        assert [root.find(f"{SVG}title").attrib["id"], root.find(f"{SVG}desc").attrib["id"]] == said
        assert "1 (2026-01) → 3 (2026-03)" in root.find(f"{SVG}desc").text

    def test_keeps_every_figure_in_its_table(self):
        drawn = chart(values=(Decimal("1.5"), 2, -3))
        assert drawn.columns == ("Month", "Balance")
        assert drawn.rows == (("2026-01", "1.5"), ("2026-02", "2"), ("2026-03", "-3"))

    def test_refuses_to_draw_nothing(self):
        with pytest.raises(ValueError, match="at least one"):
            charts.line(title="Fund", labels=[], series=[])

    def test_refuses_a_series_of_another_length(self):
        with pytest.raises(ValueError, match="one value for each"):
            charts.line(title="Fund", labels=["a", "b"], series=[charts.Series("x", (1,))])

    def test_writes_no_mark_up_from_words(self):
        evil = "<script>alert(1)</script>"
        drawn = charts.line(title=evil, labels=[evil], series=[charts.Series(evil, (1,))], target=1, target_words=evil)
        assert "<script" not in drawn.svg

    @given(st.lists(VALUES, min_size=1, max_size=15), st.sampled_from([charts.line, charts.bars]))
    def test_stays_inside_its_frame_whatever_the_values(self, values, drawing):
        drawn = chart(drawing, values, target=values[0], target_words="Floor")
        for svg, width, height in (
            (drawn.svg, charts.WIDTH, charts.HEIGHT),
            (drawn.wide, charts.WIDE, charts.WIDE_HEIGHT),
        ):
            for one in ET.fromstring(svg).iter():
                assert "style" not in one.attrib
                for name in ("y", "cy", "y1", "y2"):
                    if name in one.attrib:
                        assert 0 <= Decimal(one.attrib[name]) <= height
                for name in ("width", "height"):
                    if name in one.attrib:
                        assert Decimal(one.attrib[name]) >= 0
                for point in one.attrib.get("points", "").split():
                    x, y = point.split(",")
                    assert 0 <= Decimal(x) <= width
                    assert 0 <= Decimal(y) <= height

    @pytest.mark.parametrize(
        ("values", "levels"),
        [
            ((0, 0), ["0", "1"]),
            ((3, 7), ["0", "2", "4", "6", "8"]),
            ((Decimal("825.02"), Decimal("12.10")), ["0", "250", "500", "750", "1000"]),
            ((-40, 120), ["-50", "0", "50", "100", "150"]),
            ((Decimal("0.3"), Decimal("0.9")), ["0", "0.25", "0.5", "0.75", "1"]),
        ],
    )
    def test_says_round_levels_at_its_left(self, values, levels):
        said = [one.text for one in ET.fromstring(chart(values=values).svg).iter(f"{SVG}text")]
        assert said[: len(levels)] == levels

    def test_says_levels_without_cents_only_where_none_has_any(self):
        def euros(value):
            return f"€{Decimal(value):,.2f}"

        def said(*values):
            return [one.text for one in ET.fromstring(chart(values=values, words=euros).svg).iter(f"{SVG}text")]

        assert "€2,000" in said(1500, 1900)
        assert "€0.50" in said(Decimal("0.4"), Decimal("1.7"))

    @pytest.mark.parametrize(("values", "anchor"), [((90, 50, 11, 11), "start"), ((11, 11, 50, 90), "end")])
    def test_names_its_target_where_the_line_is_not(self, values, anchor):
        drawn = chart(values=values, target=10, target_words="Floor 10")
        named = next(one for one in ET.fromstring(drawn.svg).iter(f"{SVG}text") if one.text == "Floor 10")
        assert named.attrib["text-anchor"] == anchor


class TestBars:
    def test_draws_one_bar_for_each_value_of_each_series(self):
        drawn = charts.bars(
            title="In and out", labels=["a", "b"], series=[charts.Series("in", (1, 2)), charts.Series("out", (0, 3))]
        )
        assert len(ET.fromstring(drawn.svg).findall(f"{SVG}rect")) == 4
        assert drawn.legend == ((1, "in"), (2, "out"))


class TestFan:
    def fan(self, *rows, **more):
        labels = [f"2026-{i:02}" for i in range(1, len(rows[0]) + 1)]
        lines = [charts.Series(f"line {n}", tuple(row)) for n, row in enumerate(rows)]
        return charts.fan(title="Fund", labels=labels, lines=lines, legend=("middle", "half", "most"), **more)

    def test_draws_a_band_for_each_pair_and_a_line_in_the_middle(self):
        root = ET.fromstring(self.fan((1, 0), (2, 2), (3, 4), (4, 6), (5, 9)).svg)
        bands = [one.attrib["class"] for one in root.iter(f"{SVG}polygon")]
        assert bands == ["chart-band chart-band-2", "chart-band chart-band-1"]
        assert len(list(root.iter(f"{SVG}polyline"))) == 1

    def test_keeps_every_line_in_its_table(self):
        drawn = self.fan((1, 0), (2, 2), (3, 4))
        assert drawn.rows == (("2026-01", "1", "2", "3"), ("2026-02", "0", "2", "4"))
        assert drawn.legend == ((1, "middle"), ("band-1", "half"))

    def test_refuses_bands_without_a_middle(self):
        with pytest.raises(ValueError, match="middle"):
            self.fan((1,), (2,))

    @given(st.lists(st.lists(VALUES, min_size=5, max_size=5), min_size=1, max_size=30))
    def test_stays_inside_its_frame_whatever_the_values(self, months):
        rows = list(zip(*(sorted(month) for month in months), strict=True))
        root = ET.fromstring(self.fan(*rows).svg)
        for one in root.iter():
            for point in one.attrib.get("points", "").split():
                x, y = map(Decimal, point.split(","))
                assert 0 <= x <= charts.WIDTH
                assert 0 <= y <= charts.HEIGHT
