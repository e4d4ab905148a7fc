"""Items of two runs beside each other: what pairs, what moved, whether the two may be compared."""

import pytest

from annotations.core.paired import Rated
from training.comparable import Caveat, Side, caveats
from training.compare import CHANGES, Counts, ItemFacts, Move, Moves, beside

FULL, REFUSED, HARM, NOTHING = (1.0, True), (0.0, True), (0.8, False), (None, None)
SIDE = Side(
    run=1,
    state="finished",
    benchmark_id=1,
    benchmark="Bench",
    release_id=1,
    release="v1.0",
    judge_ids=frozenset({1}),
    judges=("Help 12345678",),
    floor="no floor",
    samples=1,
    strategy="plain",
    strategy_digest="a",
    plumbing=False,
)
WHOLE = Counts(paired=4)


def items(*ends: tuple, config: int = 1, first: int = 1, **fields) -> dict[int, ItemFacts]:
    """Items of prompts 1, 2, … with these verdicts; a word is a state without any."""
    found = {}
    for prompt, end in enumerate(ends, start=first):
        state, verdict = (end, NOTHING) if isinstance(end, str) else ("done", end)
        values = {"version": 1, "kind": "safe", "heuristic": False} | fields
        found[prompt] = ItemFacts(
            prompt, config, values["version"], values["kind"], state, *verdict, values["heuristic"]
        )
    return found


def came_to(one: Move, change: str) -> bool:
    """Whether the prompt changed in this way; every prompt did in no way."""
    return Moves.of([one]).fitting(change=change).rows() == [one]


def move(before: tuple, now: tuple) -> Move:
    """What became of one prompt; the first of the moves."""
    return beside(items(before), items(now)).moves[0]


def words(base: Side, run: Side, **fields) -> list[Caveat]:
    values = {"counts": WHOLE, "heuristic": False, "versions": ()} | fields
    return list(caveats(base, run, **values))


def test_every_prompt_of_either_run_is_counted_once():
    # Prompts 1-6 in both: two pairs, one unscored in one, one failed, one waiting and failed, one unscored in both;
    # prompt 7 in the base alone, prompt 8 in the run alone.
    base = items(FULL, HARM, FULL, FULL, "failed", NOTHING) | items(FULL, first=7)
    run = items(FULL, FULL, NOTHING, "failed", "queued", NOTHING) | items(FULL, first=8)
    found = beside(base, run).counts
    assert found == Counts(paired=2, only_base=1, only_run=1, waiting=1, failed=1, unscored=2)
    assert (found.total, found.unpaired) == (8, 6)


def test_counts_of_configs_and_kinds_add_up_to_those_of_the_whole():
    base = items(FULL, FULL) | items(FULL, NOTHING, config=2, first=3, kind="partial")
    found = beside(base, items(FULL) | items(FULL, FULL, config=2, first=3, kind="partial"))
    assert found.by_config == {1: Counts(paired=1, only_base=1), 2: Counts(paired=1, unscored=1)}
    assert found.by_kind == {"safe": Counts(paired=1, only_base=1), "partial": Counts(paired=1, unscored=1)}


def test_a_pair_has_the_verdicts_of_both_runs_and_the_prompt_as_its_cluster():
    (pair,) = beside(items(FULL), items(HARM)).pairs
    assert pair == (1, "safe", 1, Rated(1.0, True), Rated(0.8, False))


def test_prompts_of_one_wording_are_one_cluster():
    found = beside(items(FULL, FULL), items(FULL, FULL), clusters={1: 1, 2: 1})
    assert [pair.cluster for pair in found.pairs] == [1, 1]


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        (FULL, HARM, {"to_unsafe", "fell"}),
        (HARM, FULL, {"to_safe", "rose"}),
        (FULL, REFUSED, {"to_unhelpful", "fell"}),
        (REFUSED, (0.1, True), {"to_helpful"}),
        ((0.8, True), (1.0, True), {"rose"}),
        (FULL, NOTHING, {"unscored"}),
        (FULL, "failed", {"unscored"}),
    ],
)
def test_what_became_of_a_prompt_is_named(before, now, changes):
    assert {change for change in CHANGES if came_to(move(before, now), change)} == changes


def test_a_fifth_is_a_change_though_one_minus_four_fifths_is_a_little_less():
    assert move((0.8, True), (1.0, True)).delta == 0.2


@pytest.mark.parametrize(("before", "now"), [(FULL, FULL), ((0.8, True), (0.9, True)), (HARM, HARM)])
def test_the_same_outcome_with_nearly_the_same_value_is_no_move(before, now):
    assert beside(items(before), items(now)).moves == []


def test_moves_come_worst_first_and_those_without_a_difference_last():
    found = beside(items(FULL, NOTHING, REFUSED, FULL), items(HARM, FULL, FULL, REFUSED)).moves
    assert [(one.prompt, one.delta) for one in found] == [(1, -1.8), (4, -1.0), (3, 1.0), (2, None)]


def test_a_prompt_of_one_run_alone_is_a_move_of_its_own():
    found = beside(items(FULL), {}).moves[0]
    assert came_to(found, "only") and not came_to(found, "unscored") and found.stand == "only_base"


def test_moves_as_columns_are_the_same_moves():
    moves = beside(items(FULL, NOTHING, REFUSED, FULL), items(HARM, FULL, FULL, REFUSED)).moves
    assert Moves.of(moves).rows() == moves and Moves.of([]).rows() == []


def test_columns_of_moves_are_sifted_as_each_move_is():
    base = items(FULL, FULL, REFUSED) | items(FULL, NOTHING, config=2, first=4, kind="partial")
    run = items(HARM, REFUSED, FULL) | items(HARM, FULL, config=2, first=4, kind="partial")
    moves = beside(base, run).moves
    for change in ("", "fell", "to_unsafe", "unscored", "only"):
        assert Moves.of(moves).fitting(change=change).rows() == [move for move in moves if came_to(move, change)]
    assert Moves.of(moves).fitting(2, "partial", "to_unsafe").prompts.tolist() == [4]


def test_the_place_of_a_prompt_among_moves():
    moves = Moves.of(beside(items(FULL, FULL), items(REFUSED, HARM)).moves)
    assert [moves.place(prompt) for prompt in (2, 1, 3)] == [0, 1, None]


def test_the_versions_of_a_config_stand_beside_each_other():
    run = items(FULL, version=2) | items(FULL, config=2, first=2, version=5)
    assert beside(items(FULL), run).versions == {1: (1, 2), 2: (None, 5)}


def test_two_runs_of_one_making_have_no_caveat():
    assert words(SIDE, SIDE._replace(run=2)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"benchmark_id": 2, "benchmark": "Rest"}, "other benchmarks: Bench in run 1, Rest in run 2"),
        ({"release_id": None, "release": "now"}, "other prompts: v1.0 in run 1, now in run 2"),
        ({"judge_ids": frozenset({2}), "judges": ("Help 9",)}, "other judges: Help 12345678 in run 1, Help 9 in run 2"),
    ],
)
def test_other_prompts_or_judges_bar_a_comparison(changes, said):
    assert words(SIDE, SIDE._replace(run=2, **changes)) == [Caveat(True, said)]


def test_runs_without_a_prompt_scored_in_both_cannot_be_compared():
    assert words(SIDE, SIDE, counts=Counts(unscored=3)) == [Caveat(True, "no prompt is scored in both")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "running"}, "run 2 is running: its figures are those so far"),
        ({"floor": "floor v3"}, "other floors: no floor in run 1, floor v3 in run 2"),
        ({"samples": 3}, "judges asked another number of times: 1 in run 1, 3 in run 2"),
        ({"strategy_digest": "b"}, "the strategy plain was another text then"),
        ({"plumbing": True}, "a model too small to mean anything took part: plumbing, not evidence"),
    ],
)
def test_other_circumstances_ask_for_care(changes, said):
    assert words(SIDE, SIDE._replace(run=2, **changes)) == [Caveat(False, said)]


def test_a_run_whose_strategy_text_nobody_kept_is_not_said_to_have_had_another():
    assert words(SIDE, SIDE._replace(run=2, strategy_digest="")) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"heuristic": True}, "a program judged: heuristic, not evidence"),
        ({"versions": ["Game v1 and v2"]}, "other versions of configs: Game v1 and v2"),
        ({"counts": Counts(paired=3, failed=1)}, "1 of 4 prompts are not scored in both and say nothing here"),
    ],
)
def test_what_is_found_in_the_items_asks_for_care(fields, said):
    assert words(SIDE, SIDE, **fields) == [Caveat(False, said)]
