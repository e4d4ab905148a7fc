"""What a training run takes, worked by hand."""

from dataclasses import replace

import pytest

from training.recipes.model_facts import Facts
from training.recipes.settings import PRESETS, BadSettings, TrainingSettings
from training.services.trainer import estimate
from training.services.trainer.estimate import FITS, GB, TIGHT, TOO_MUCH, Ground, verdict

LLAMA = Facts(8_030_000_000, "BF16", "LlamaForCausalLM", "llama", 32, 4096, 14336, 1024, 128256, 131072)
PAPER = PRESETS["paper"].dpo
BATCHES = TrainingSettings(global_batch=4, per_device_train_batch_size=1, num_train_epochs=3.0)


def ground(settings=PAPER, kind="dpo", cards=4, facts=LLAMA, rows=32_000, tokens=1000.0):
    return Ground(kind, rows, tokens, settings, facts, cards)


def amounts(parts):
    return {part.what: part.bytes for part in parts}


@pytest.mark.parametrize(
    ("rows", "processes", "how", "expected"),
    [
        # 122,496 pairs on 4 cards, 2 at once each: 15,312 batches, summed up in fours 3,828 steps, three times
        (122_496, 4, PAPER, 11_484),
        # 10 rows, one at once, four summed up: 10 batches are 3 steps (4 + 4 + 2), three times
        (10, 1, BATCHES, 9),
        # half an epoch of these 3 steps is 1.5, so 2
        (10, 1, replace(BATCHES, num_train_epochs=0.5), 2),
        (10, 1, replace(BATCHES, max_steps=5), 5),
        # 11 rows on 2 cards: 5 batches of 2, the last row is left out; 2 batches a step: 3 steps, three times
        (11, 2, BATCHES, 9),
        (1, 2, BATCHES, 0),
    ],
)
def test_steps_are_those_of_whole_batches(rows, processes, how, expected):
    assert estimate.steps(rows, how, processes) == expected


def test_pairs_that_cannot_be_shared_evenly_have_no_steps():
    with pytest.raises(BadSettings):
        estimate.steps(100, BATCHES, 3)


def test_eight_billion_parameters_on_four_cards_take_what_the_fact_sheet_says():
    found = amounts(estimate.memory(ground()))
    # 8.03 B × 4 bytes / 4 cards = 8.03e9 each: 24.1e9 together (c.5)
    assert [found[name] for name in ("weights", "gradients", "optimiser")] == [8_030_000_000] * 3
    # 2 pairs × 2 texts × 640 tokens × 4096 × 32 layers × 2 bytes = 0.67e9 and one whole layer more
    layer = 2 * 2560 * (8 * 4096 + 2 * 1024 + 4 * 14336)
    assert found["activations"] == 671_088_640 + layer
    # about 30e9 in all
    assert 28e9 < sum(found.values()) < 32e9


@pytest.mark.parametrize(("optimiser", "numbers"), [("sgd", 0), ("rmsprop", 1), ("adamw_torch", 2)])
def test_an_optimiser_keeps_so_many_numbers_for_each_parameter(optimiser, numbers):
    found = amounts(estimate.memory(ground(replace(PAPER, optim=optimiser), cards=1)))
    assert found.get("optimiser", 0) == numbers * 4 * 8_030_000_000


def test_weights_in_bf16_take_half_and_need_no_copies():
    found = amounts(estimate.memory(ground(replace(PAPER, precision="bf16_weights"), cards=1)))
    assert found["weights"] == found["gradients"] == found["optimiser"] == 2 * 8_030_000_000
    assert "copies in bf16" not in found


def test_lora_leaves_the_weights_alone():
    settings = PRESETS["lora"].dpo
    # rank 32 × 32 layers × (q 8192 + k 5120 + v 5120 + o 8192 + gate, up, down 18432 each) = 83,886,080
    assert estimate.adapters(LLAMA, settings) == 83_886_080
    found = amounts(estimate.memory(ground(settings, cards=1)))
    assert found["weights"] == 4 * 8_030_000_000
    assert found["LoRA matrices"] == found["gradients"] == found["optimiser"] == 4 * 83_886_080


@pytest.mark.parametrize(
    ("when", "lora", "kind", "twice", "first"),
    [
        ("no", False, "dpo", True, False),
        ("auto", False, "dpo", False, True),
        ("auto", True, "dpo", False, False),
        ("yes", True, "dpo", False, True),
        ("no", True, "dpo", False, False),
        ("no", False, "sft", False, False),
        ("auto", False, "sft", False, False),
    ],
)
def test_the_base_lies_in_memory_twice_only_where_nothing_else_says_what_it_thinks(when, lora, kind, twice, first):
    settings = replace(PAPER, precompute_ref_log_probs=when, lora=lora)
    found = amounts(estimate.memory(ground(settings, kind)))
    assert ("the base a second time" in found, estimate.looks_first(kind, settings)) == (twice, first)


def test_all_activations_stay_where_none_is_worked_out_again():
    kept = amounts(estimate.memory(ground(replace(PAPER, activation_checkpointing=False))))["activations"]
    assert kept == 2 * 2560 * 32 * (8 * 4096 + 2 * 1024 + 4 * 14336)


def test_the_disk_holds_kept_checkpoints_one_that_is_written_and_the_model():
    # a checkpoint: weights and one number of RMSprop, 8 bytes each; 2 kept and 1 written
    found = amounts(estimate.disk(ground()))
    n = 8_030_000_000
    assert found == {"3 checkpoints": 3 * 8 * n, "the model": 4 * n, "the model for llama.cpp": 2 * n}
    stops = replace(PAPER, early_stop=2, save_steps=159)
    assert "4 checkpoints" in amounts(estimate.disk(ground(stops)))
    assert amounts(estimate.disk(ground(facts=LLAMA._replace(dtype="GGUF"))))["the base, unpacked"] == 4 * n


def test_the_machine_needs_memory_of_its_own_only_beside_cards():
    assert estimate.host(ground(cards=0)) == 0
    assert estimate.host(ground()) == 4 * 8_030_000_000 + 16 * GB


def test_operations_count_the_tokens_of_steps_of_the_reference_and_of_the_dev_set():
    small = LLAMA._replace(parameters=10)
    plain = TrainingSettings(global_batch=4, eval_steps=0, activation_checkpointing=False)
    # 5 steps × 4 rows × 100 tokens × 6 × 10 parameters = 120,000, and 2 × 30 rows × 100 × 10 = 60,000 for the reference
    assert estimate.operations(ground(plain, rows=30, tokens=100.0, facts=small), 5) == 180_000
    # SFT has no reference; working activations out again makes 8 of 6
    again = replace(plain, activation_checkpointing=True)
    assert estimate.operations(ground(again, "sft", rows=30, tokens=100.0, facts=small), 5) == 160_000
    # LoRA makes 4 of 6; two looks at 3 rows: 2 × 2 × 3 × 100 × 10 = 12,000
    looks = replace(plain, lora=True, eval_steps=2, eval_rows=3)
    assert estimate.operations(ground(looks, "sft", rows=30, tokens=100.0, facts=small), 5) == 92_000


def test_the_speed_is_that_of_all_cards_or_of_the_cores_and_none_for_an_unknown_card():
    assert estimate.speed(["NVIDIA A100-SXM4-80GB"] * 4, 2) == pytest.approx(4 * 312e12 * 0.35)
    assert estimate.speed([], 2) == pytest.approx(0.1e12)
    assert estimate.speed(["NVIDIA A100-SXM4-80GB", "Some card"], 2) is None


@pytest.mark.parametrize(
    ("need", "there", "said"),
    [(79, 100, FITS), (80, 100, TIGHT), (125, 100, TIGHT), (126, 100, TOO_MUCH), (9, 0, FITS)],
)
def test_an_amount_is_near_from_80_percent_on_and_too_much_above_125(need, there, said):
    assert verdict(need, there) == said


def test_a_model_known_by_its_size_alone_is_laid_out_like_llama():
    found = estimate.guessed(8_030_000_000)
    assert found.parameters == 8_030_000_000 and found.layers == 32
    assert 0.8 < found.hidden / 4096 < 1.2
