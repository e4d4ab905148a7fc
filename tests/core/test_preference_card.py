"""The card of a preference set: facts out of the manifest, and nothing that people write is markup of ours."""

from annotations.core import preference_card
from annotations.core.preference_card import Facts

FACTS = Facts(
    title="Desk | pairs",
    about="Made at a desk.",
    licence="CC-BY-4.0",
    source="",
    rows=2,
    splits={"train": 2},
    figures={"prompts": 1, "modes": [["safe", 2]], "not_better": 1, "gaps": [["1", 2]]},
    manifest={
        "made": "2026-03-02T10:00:00+00:00",
        "by": "Ada",
        "taxonomy": {"title": "Built in", "categories": [{"name": "Violence"}]},
        "pairs": {"in": 3, "out": 2, "dropped": {"double": 1}, "failed": {}, "moved": 0},
    },
    leaks="None of its 1 prompts stands in the 40 prompts of 1 benchmarks.",
    sha256="ab" * 32,
    size=1234,
    columns=[("prompt", "text", "what a user asks")],
)
RECIPE = {
    "recipe": {"id": 1, "title": "Pairs", "prompts": {"id": 2, "title": "Prompts"}},
    "settings": {"weights": {"alpha": 0.1, "beta": 3.0, "gamma": 1.0}},
    "seeds": {"recipe": 7, "candidates": []},
    "judges": [{"name": "words", "digest": "c" * 64, "model": None, "heuristic": True}],
    "templates": [{"name": "terse", "digest": "d" * 64}],
    "runs": [{"candidate": {"model": "echo", "temperature": 0.5}}, {"candidate": None}],
    "stages": [{"kind": "pair", "law": {"in": 9, "out": 3, "dropped": {"tie": 6}, "failed": {}}}],
}


def test_the_card_says_what_the_pairs_are_and_what_was_left_out():
    card = preference_card.card(FACTS)
    assert card.startswith("---\nlicense: cc-by-4.0\n") and "# Desk \\| pairs" in card
    assert "In 1 pair the chosen response has no smaller error" in card
    assert "- Splits: train (2)" in card
    assert "Of 3 pairs that came, 2 stayed. Left out: double 1." in card and FACTS.leaks in card


def test_the_card_of_a_recipe_names_judges_templates_weights_and_steps():
    card = preference_card.card(FACTS._replace(manifest=FACTS.manifest | RECIPE))
    assert "words (`cccccccccccc`, a heuristic and no evidence)" in card and "terse (`dddddddddddd`)" in card
    assert (
        "α 0.1, β 3, γ 1" in card
        and "echo at 0.5" in card
        and "- Step pair: 9 in, 3 out; dropped: tie 6; failed: none" in card
    )


def test_a_set_older_than_manifests_has_a_card_too():
    card = preference_card.card(FACTS._replace(manifest={}, figures={}, source="The Hub"))
    assert "They were uploaded. Source: The Hub." in card and "What was left out" not in card
