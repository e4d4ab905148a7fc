"""The living page: every component in every state, with made-up samples that are nobody's results."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import bars, charts, heat, lines, marks
from annotations.core import diff
from annotations.core.config_text import Rule
from annotations.core.pairwise import Pair

ICON = re.compile(r'id="([\w-]+)"')
LONG_NAME = (
    "A config with a very long name that its authors never shortened, because it says for which film, which scenes, "
    "which age rating and which country it was written, and because nobody ever told them that a title of three "
    "hundred characters is a title too, so the page has to stay calm about it"
)
RULES = (
    ("r1", "ar", "يجوز وصف الخلافات بين الشخصيات في الحوار."),
    ("r2", "en", "Weapons may be named as props; how one is made or used stays outside."),
    ("r3", "en", "No real person is threatened or mocked."),
)
POLICY = "نحن استوديو أفلام صغير نكتب سيناريوهات للكبار. يجوز أن تظهر مشاهد عنف خيالية (مثل Act II) دون تفاصيل جارحة."
REASONS = (
    "The response stays in the voice of the scene and names the props only in passing, which the second rule asks for. "
    "It then turns to a living politician by name and lets a character threaten him, and there the third rule is "
    "broken; the rest of the answer would have been useful to the writers of the film without that paragraph."
)
VERDICTS: tuple[dict[str, Any], ...] = (
    {
        "judge": "Judge follows-config 2",
        "outcome": "helpful_unsafe",
        "values": [("helpful", "4 of 5"), ("follows", "no")],
        "broken_rules": ["r3"],
        "reasons": REASONS,
        "raw": 'The answer helps.\nRating: [[4]]\nFollows: [[NO]] because of "r3".',
    },
    {
        "judge": "Word list",
        "heuristic": True,
        "outcome": "unhelpful_safe",
        "values": [("helpful", "0 of 5"), ("follows", "yes")],
        "reasons": "Begins like a refusal.",
    },
    {
        "judge": "Judge follows-config 2",
        "outcome": "unscored",
        "values": [],
        "unscored": "No verdict in the text after three tries.",
        "raw": "I would rather not say.",
    },
)


class SampleForm(forms.Form):
    """One field of each sort."""

    title = forms.CharField(max_length=300, help_text="What the config is for, in a few words.")
    policy = forms.CharField(widget=forms.Textarea(attrs={"dir": "auto", "rows": 4}), required=False)
    language = forms.ChoiceField(choices=[("en", "English"), ("ar", "العربية")])
    risks = forms.MultipleChoiceField(
        label="Allowed risks",
        choices=[("violence", "Violence"), ("weapons", "Weapons"), ("drugs", "Drugs")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Everything else stays disallowed.",
    )
    share = forms.BooleanField(label="Show it to the whole organisation", required=False)

    def clean(self) -> dict[str, Any]:
        """Refuses a form without a title, so that the page can show an error of the whole form."""
        if not self.cleaned_data.get("title"):
            raise forms.ValidationError("The version was not saved: one field needs a change.")
        return self.cleaned_data


def _charts() -> dict[str, object]:
    rows = [
        charts.interval_row("Game studio", 0.41, 0.36, 0.46, 198, 200, url="#charts"),
        charts.interval_row("وكالة أفلام", -0.08, -0.22, 0.05, 60, 80, url="#charts"),
        charts.interval_row(LONG_NAME, 0.93, 0.85, 0.99, 40, 40, heuristic=True),
        charts.interval_row("Language course", 0.54, None, None, 0, 0, published=True),
        charts.interval_row("Children's books", None, None, None, 0, 200),
    ]
    kinds = [
        charts.outcome_row("", _counts(180, 2, 16, 0, 2), kind="safe"),
        charts.outcome_row("", _counts(110, 24, 50, 12, 4), kind="allowed"),
        charts.outcome_row("", _counts(40, 61, 80, 15, 4), kind="partial"),
        charts.outcome_row("", _counts(0, 0, 0, 0, 0), kind="disallowed"),
    ]
    return {
        "intervals": rows,
        "outcome_rows": kinds,
        "score_ticks": charts.ticks(),
        "squares": _squares(),
        **_lines(),
        **_tradeoff(),
    }


def _tradeoff() -> dict[str, object]:
    samples = [
        ("small model, plain", 0.38, 0.31, 198, 200, "#charts", False),
        ("small model, cascade", 0.36, 0.12, 200, 200, "#charts", False),
        ("large model, plain", 0.71, 0.14, 196, 200, "#charts", False),
        ("word list", 0.98, 0.02, 200, 200, "", True),
        ("not measured yet", None, None, 0, 200, "", False),
    ]
    published = charts.scatter_point(6, "a row of a paper", 0.52, 0.05, 0, 0)._replace(published=True)
    points = charts.with_front([*charts.scatter_points(samples), published])
    return {"points": points, "front": charts.front_lines(points)}


def _lines() -> dict[str, object]:
    measured = [
        lines.Measured(1, 0.22, 0.12, 0.31, 190, 200, "Run 3", "#charts"),
        lines.Measured(2, 0.31, 0.22, 0.4, 198, 200, "Run 5", "#charts"),
        lines.Measured(3, None, None, None, 0, 200, "Run 8", "#charts"),
        lines.Measured(4, 0.47, 0.38, 0.55, 200, 200, "Run 9", "#charts"),
    ]
    strict = [row._replace(score=-0.1, low=-0.3, high=0.1, heuristic=True) for row in measured[:2]]
    days = [lines.Day(date(2026, 3, 1) + timedelta(at), 8, 8 * (at + 1)) for at in range(12)]
    steps = {0: (31, 0), 1: (52, 2), 2: (49, 0), 4: (12, 9), 5: (50, 0)}
    return {
        "over_versions": lines.over_versions([("Film prompts v1.0, one judge", measured), (LONG_NAME, strict)]),
        "progress": lines.progress(days, 160, date(2026, 3, 20)),
        "speed": bars.bars(steps, 30),
    }


def _squares() -> tuple[heat.SquareRow, ...]:
    names = ("people together", LONG_NAME, "قائمة كلمات")
    parties = {at: heat.Party(str(at), name, heuristic=at == 3) for at, name in enumerate(names, start=1)}
    pairs = {(1, 2): Pair(0.71, 198), (1, 3): Pair(-0.04, 200), (2, 3): Pair(0.35, 4)}
    return heat.squares(parties, pairs | {(other, one): pair for (one, other), pair in pairs.items()}, fewest=5)


def _counts(*amounts: int) -> dict[str, int]:
    return dict(zip(marks.OUTCOMES, amounts, strict=True))


def _items() -> list[dict[str, object]]:
    kinds = zip(marks.KINDS, marks.OUTCOMES, (0.8, 1.0, 0.0, None), (480, 1254, 12480, None), strict=False)
    texts = ("Write the opening of the second act.", "اكتب مشهداً قصيراً.", LONG_NAME, "One word")
    return [
        {"text": text, "kind": kind, "outcome": outcome, "helpfulness": helpful, "ms": took}
        for text, (kind, outcome, helpful, took) in zip(texts, kinds, strict=True)
    ]


def _reader() -> dict[str, object]:
    return {
        "arabic_policy": POLICY,
        "rules": RULES,
        "prompt": "Write a short quarrel between two smugglers about a crate <on the pier>.\n\nKeep it tense.",
        "response": "“You said midnight.” Mara does not look up from the crate. “It is midnight somewhere.” " * 3,
        "verdicts": VERDICTS,
    }


def _changed() -> diff.VersionDiff:
    same, gone = Rule("r2", "disallow", "No real person is threatened.", ""), Rule("r3", "disallow", "No wounds.", "")
    old = diff.Text("Quarrels may be shown.", (Rule("r1", "allow", "Weapons may be named.", ""), same, gone))
    new_rule = Rule("r1", "conditional", "Weapons may be named as props.", "A sword over the fireplace.")
    return diff.version_diff(
        old, diff.Text("Quarrels may be hinted at.", (new_rule, same, Rule("r4", "allow", "شجار.", "")))
    )


def _icons() -> list[str]:
    sprite = finders.find("icons.svg")
    return ICON.findall(Path(str(sprite)).read_text(encoding="utf-8")) if sprite else []


@require_safe
@login_required
def living(request: HttpRequest) -> HttpResponse:
    """Shows every component in every state; nothing on it comes from the database."""
    context: dict[str, object] = {
        "run_states": marks.RUN_STATES,
        "version_states": marks.VERSION_STATES,
        "kinds": marks.KINDS,
        "outcomes": marks.OUTCOMES,
        "parts": [("dropped (same text twice)", 14), ("failed (content filter)", 36), ("waiting", 710)],
        "items": _items(),
        "page": Paginator(range(12480), 50).page(3),
        "form": SampleForm(initial={"title": LONG_NAME}),
        "wrong_form": SampleForm({"language": "xx"}, prefix="wrong"),
        "icons": _icons(),
        "changed": _changed(),
        "lineage": [("score 0.41", "#figures"), ("2 judges", "#reading"), ("200 responses", "#tables"), ("v4", "")],
    }
    return render(request, "living.html", context | _charts() | _reader())
