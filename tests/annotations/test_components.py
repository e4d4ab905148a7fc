"""Each component says its meaning in words, and shows what it does not know as unknown."""

import re
from inspect import unwrap
from pathlib import Path
from types import SimpleNamespace

from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory

from annotations import charts, marks
from annotations.core.config_text import Rule
from annotations.core.diff import Piece, rules
from annotations.keyset import Rows
from annotations.views.living import living
from tests.markup import elements

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def shown(component: str, **context: object) -> str:
    return render_to_string(f"components/_{component}.html", context)


class TitleForm(forms.Form):
    title = forms.CharField(max_length=4, help_text="Short.")


def test_a_figure_is_never_a_bare_number():
    html = shown("figure", score=0.41, low=0.36, high=0.46, n_scored=198, n_total=200, url="/items")
    assert all(part in html for part in ["0.41", "[0.36–0.46]", "198 of 200 scored", 'href="/items"'])


def test_a_figure_without_a_score_shows_no_zero():
    html = shown("figure", score=None, low=None, high=None, n_scored=0, n_total=20)
    assert '<span class="figure-score">–</span>' in html


def test_a_heuristic_figure_says_so():
    assert "heuristic, not evidence" in shown("figure", score=0.1, n_scored=1, n_total=1, heuristic=True)


def test_a_badge_has_its_word():
    assert "paused" in shown("badge", state="paused")


def test_a_wrong_field_keeps_its_value_and_ties_the_error_to_it():
    html = shown("form", form=TitleForm({"title": "far too long"}))
    assert all(
        part in html
        for part in [
            'value="far too long"',
            'aria-describedby="id_title_helptext id_title_error"',
            'id="id_title_error"',
        ]
    )


def test_a_verdict_escapes_what_a_model_wrote():
    html = shown("verdict", judge="J", values=[], raw="<script>alert(1)</script>", reasons="<b>bold</b>")
    assert "<script>" not in html and "<b>" not in html.replace("<b>Unscored.</b>", "")


def test_a_broken_rule_leads_to_the_rule():
    assert 'href="#rule-r3"' in shown("verdict", judge="J", values=[], broken_rules=["r3"])


def test_a_long_reason_is_folded_and_a_short_one_is_not():
    assert ("<details" in shown("fold", text="a" * 141), "<details" in shown("fold", text="a")) == (True, False)


def test_the_pager_keeps_the_filters():
    request = RequestFactory().get("/items?kind=partial&page=2")
    html = render_to_string("components/_pager.html", {"page": Paginator(range(30), 10).page(2)}, request)
    assert 'href="?kind=partial&amp;page=3"' in html


def pager(*found: object) -> str:
    request = RequestFactory().get("/items?kind=partial&page=2")
    return render_to_string("components/_pager.html", {"page": Rows(*found)}, request)


def test_the_pager_of_rows_leads_on_from_a_row_and_forgets_numbers():
    html = pager(["a", "b"], "cursor", "", 7)
    assert 'href="?kind=partial&amp;after=cursor"' in html and "1–2 of 7 items" in html and "First" not in html


def test_the_pager_of_rows_leads_back_and_to_both_ends():
    html = pager(["c"], "on", "back", 7)
    kept = [f"?kind=partial{more}" for more in ("", "&before=back", "&after=on", "&before=")]
    assert [one.attributes["href"] for one in elements(html, "a")] == kept and "1 of 7 items" in html


def test_the_pager_says_where_nobody_counted_on():
    assert "1–1 of more than 10 000 items" in pager(["a"], "on", "", 10_001)


def test_a_progress_bar_of_nothing_is_empty():
    assert 'width="0%"' in shown("progress", done=0, failed=0, total=0)


def test_an_unscored_row_of_the_interval_chart_has_no_dot():
    rows = [charts.interval_row("A", None, None, None, 0, 5)]
    html = shown("chart_intervals", id="c", title="T", rows=rows, ticks=charts.ticks(), zero=50)
    assert "<circle" not in html and "0 of 5" in html


def test_the_outcome_chart_leaves_empty_parts_out_of_the_drawing():
    html = shown("chart_outcomes", id="c", title="T", rows=[charts.outcome_row("A", {"helpful_safe": 2})])
    assert html.count("<title>") == 1


def test_a_point_without_a_place_stands_in_the_table_alone():
    points = charts.scatter_points([("A", None, None, 0, 5, "", False)])
    html = shown("chart_scatter", id="c", title="T", points=points)
    assert "<circle" not in html and "0 of 5" in html


def test_the_error_page_stands_without_any_context():
    assert "Something went wrong" in render_to_string("500.html")


def test_the_living_page_shows_every_run_state():
    request = RequestFactory().get("/living/")
    request.user = SimpleNamespace(is_authenticated=False)
    html = unwrap(living)(request).content.decode()
    assert [state for state in marks.RUN_STATES if state not in html] == []


def test_no_line_is_drawn_under_the_space_after_a_kind():
    row = {"kind": "safe", "label": "safe", "url": "/items/", "segments": (), "n_total": 4}
    html = render_to_string("components/_chart_heat.html", {"id": "heat", "title": "Where?", "rows": [row]})
    (link,) = re.findall(r'<a [^>]*href="/items/">.*?</a>', html, re.DOTALL)
    assert link.endswith("safe</span></a>")


def test_words_of_a_diff_can_show_one_side_alone():
    pieces = [Piece("same", "a "), Piece("removed", "b"), Piece("added", "c")]
    sides = [shown("words", pieces=pieces, side=side).strip() for side in ("", "old", "new")]
    assert sides == ["a <del>b</del><ins>c</ins>", "a <del>b</del>", "a <ins>c</ins>"]


def test_a_changed_rule_shows_its_old_side_with_its_old_kind_and_no_new_example():
    old, new = Rule("r1", "allow", "Fights.", ""), Rule("r1", "conditional", "Fights.", "A duel.")
    (rule,) = rules([old], [new])
    html = shown("rule_change", rule=rule, side="old")
    assert ">allow<" in html and "conditional" not in html and "For example" not in html


def test_every_component_is_on_the_living_page():
    seen, ahead = set(), ["living.html"]
    while ahead:
        named = re.findall(r'{% (?:include|extends) "([^"]+)"', (TEMPLATES / ahead.pop()).read_text(encoding="utf-8"))
        ahead += [name for name in named if name not in seen]
        seen |= set(named)
    components = {f"components/{path.name}" for path in (TEMPLATES / "components").glob("*.html")}
    assert components - seen == set()
