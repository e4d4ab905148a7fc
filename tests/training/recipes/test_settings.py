"""The settings of a training run: their ranges, what does not go together, and the presets."""

from dataclasses import fields

import pytest

from training.recipes.settings import (
    PRESETS,
    BadSettings,
    TrainingSettings,
    about,
    accumulation,
    plain,
    read,
)


def problems(**values):
    with pytest.raises(BadSettings) as refused:
        read(values)
    return refused.value.problems


def test_the_defaults_are_the_papers_stage_of_dpo():
    paper = PRESETS["paper"].dpo
    assert (paper.optim, paper.learning_rate, paper.beta) == ("rmsprop", 5e-7, 0.1)
    assert (paper.lr_scheduler_type, paper.warmup_steps) == ("constant_with_warmup", 150)
    assert (paper.global_batch, paper.max_grad_norm, paper.max_length) == (32, 10.0, 640)
    assert paper == read({})


def test_the_papers_batch_is_two_pairs_at_once_on_four_cards_four_times():
    assert accumulation(PRESETS["paper"].dpo, PRESETS["paper"].gpus) == 4


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_a_preset_can_be_written_down_and_read_again(name, kind):
    settings = PRESETS[name].of(kind)
    assert read(plain(settings)) == settings


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shares_its_batch_evenly_on_its_cards(name):
    for kind in ("sft", "dpo"):
        assert accumulation(PRESETS[name].of(kind), PRESETS[name].gpus) >= 1


def test_every_setting_says_what_it_is():
    told = about()
    assert list(told) == [one.name for one in fields(TrainingSettings)]
    for name, one in told.items():
        assert one.label and one.trl and one.group, name
        assert one.help or one.group == "LoRA", name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", -1),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("global_batch", 0),
        ("global_batch", 2.5),
        ("global_batch", True),
        ("optim", "magic"),
        ("lora", "yes"),
        ("beta", 0),
        ("seed", 2**31),
        ("save_total_limit", 1),
        ("colour", "red"),
    ],
)
def test_a_value_outside_its_range_is_told_beside_its_field(name, value):
    assert list(problems(**{name: value})) == [name]


def test_all_wrong_fields_are_told_at_once():
    assert problems(beta=-1, seed=-1).keys() == {"beta", "seed"}


def test_a_prompt_as_long_as_the_pair_leaves_nothing_of_the_response():
    assert problems(max_length=100, max_prompt_length=100).keys() == {"max_prompt_length"}


def test_an_early_stop_needs_looks_at_the_dev_set():
    assert problems(early_stop=2, eval_steps=0).keys() == {"early_stop"}
    assert problems(early_stop=2, eval_rows=0).keys() == {"early_stop"}


def test_an_early_stop_keeps_the_best_so_it_saves_when_it_looks():
    assert problems(early_stop=2, eval_steps=20, save_steps=30).keys() == {"save_steps"}
    assert read({"early_stop": 2, "eval_steps": 20, "save_steps": 40}).early_stop == 2


def test_lora_needs_layers():
    assert problems(lora=True, lora_targets=" ").keys() == {"lora_targets"}


@pytest.mark.parametrize("layers", ["../../x {response}", "q_proj;v_proj", "all-linear,q_proj", "<b>"])
def test_what_cannot_be_the_name_of_a_layer_is_refused_before_anything_begins(layers):
    assert problems(lora=True, lora_targets=layers).keys() == {"lora_targets"}


@pytest.mark.parametrize("layers", ["all-linear", "q_proj", "q_proj, v_proj", "layers.0.mlp,q_proj,"])
def test_names_of_layers_are_taken(layers):
    assert read({"lora": True, "lora_targets": layers}).lora_targets == layers.strip()


def test_a_batch_that_cannot_be_shared_is_refused_with_what_can():
    with pytest.raises(BadSettings) as refused:
        accumulation(read({"global_batch": 30}), 4)
    assert refused.value.problems == {"global_batch": "A multiple of 8: 2 at once, on each of 4 cards."}


def test_a_whole_number_may_be_written_with_a_point():
    assert read({"global_batch": 64.0}).global_batch == 64
