"""How long the comparison of two config versions takes, policy and rules, over the texts that are hardest for it.

    python -m bench.diff [--signs 20000] [--rounds 9]

Policies of 20,000 signs, English with Arabic and emoji, as one line and as 400 lines: slightly different, wholly
different, with the paragraphs shuffled, with every ninth word renamed, and adversarial ones made of few words. Prints
the median and the worst round of `version_diff`, which makes both views and the sentence, and the median of CPU time,
which a busy machine disturbs less. The limit is 300 ms.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator

from annotations.core.config_text import Rule
from annotations.core.diff import Text, version_diff

LIMIT_MS = 300
LATIN = (
    "allow news about medicine law history games for adults teachers nurses when a the of and to in with asked never"
)
ARABIC = "يُسمح بالأخبار عن الطب والقانون للكبار وليس للأطفال"
EXTRAS = ["👨‍👩‍👧", "🇩🇪", "👍🏽", "3️⃣", "新闻", "可以", "don't", "20,000", "—", "(see below)"]


def policy(seed: int, signs: int, breaks: bool) -> list[str]:
    """Sentences of about 50 signs, so many signs in all; one a line where `breaks` says so."""
    rng = random.Random(seed)  # noqa: S311
    words = [*LATIN.split(), *ARABIC.split(), *EXTRAS, *(f"term{rng.randrange(2000)}" for _ in range(60))]
    sentences: list[str] = []
    while sum(map(len, sentences)) < signs:
        chosen: list[str] = []
        while len(" ".join(chosen)) < 47:
            chosen.append(rng.choice(words))
        sentences.append(" ".join(chosen) + ("." + ("\n" if breaks else " ")))
    return sentences


def edited(sentences: list[str], share: float) -> list[str]:
    """The sentences with a word changed in this share of them, and each thirtieth of those dropped or doubled."""
    rng = random.Random(7)  # noqa: S311
    found = []
    for sentence in sentences:
        words = sentence.split(" ")
        if rng.random() < share:
            words[rng.randrange(len(words) - 1)] = rng.choice(["changed", "مختلف", "🎓", "改"])
        found += [" ".join(words)] * (rng.choice([0, 2]) if rng.random() < share / 30 else 1)
    return found


def shuffled(sentences: list[str]) -> list[str]:
    """Paragraphs of ten sentences in another order."""
    paragraphs = [sentences[at : at + 10] for at in range(0, len(sentences), 10)]
    random.Random(3).shuffle(paragraphs)  # noqa: S311
    return [sentence for paragraph in paragraphs for sentence in paragraph]


def renamed(sentences: list[str]) -> list[str]:
    """Every ninth word another one."""
    words = "".join(sentences).split(" ")
    return [" ".join("member" if at % 9 == 0 else word for at, word in enumerate(words))]


def drawn(seed: int, words: list[str], count: int, between: str = " ") -> str:
    """So many words at random from a few."""
    rng = random.Random(seed)  # noqa: S311
    return between.join(rng.choice(words) for _ in range(count))


def pairs(signs: int) -> Iterator[tuple[str, str, str]]:
    """Each case: its name, the old and the new policy."""
    for where, breaks in [("one line", False), ("400 lines", True)]:
        old = policy(1, signs, breaks)
        changes: dict[str, Callable[[], list[str]]] = {
            "slightly different": lambda old=old: edited(old, 0.05),
            "half the sentences": lambda old=old: edited(old, 0.5),
            "every ninth word": lambda old=old: renamed(old),
            "paragraphs shuffled": lambda old=old: shuffled(old),
            "sentences shuffled": lambda old=old: random.Random(4).sample(old, len(old)),  # noqa: S311
            "wholly different": lambda breaks=breaks: policy(2, signs, breaks),
        }
        for name, change in changes.items():
            yield f"{name}, {where}", "".join(old)[:signs], "".join(change())[:signs]
    few, ends = ["safe", "not", "war", "🇩🇪", "لا"], "first " + "word " * 3998 + "last"
    yield "4,000 times a word, 3,999", "word " * 4000, "word " * 3999
    yield "the same, other ends", ends, "other " + "word " * 3997 + "end"
    yield "the same, every other gone", "word " * 4000, "word other " * 2000
    yield "five words at random", drawn(1, few, signs // 5), drawn(2, few, signs // 5)
    yield "five words, on lines", drawn(1, few, signs // 5, "\n"), drawn(2, few, signs // 5, "\n")
    yield (
        "signs of Chinese at random",
        drawn(1, list("可以不新闻人"), signs, ""),
        drawn(2, list("可以不新闻人"), signs, ""),
    )
    yield "line breaks alone", "\n" * signs, "\r\n" * (signs // 2)
    yield "marks alone", "!?" * (signs // 2), "?!," * (signs // 3)


def seconds(old: Text, new: Text, rounds: int) -> list[tuple[float, float]]:
    """Wall and CPU time of each round; one more before them warms up and shows that the pieces add up."""
    found = version_diff(old, new)
    assert "".join(piece.text for piece in found.policy if piece.kind != "added") == old.policy
    assert "".join(piece.text for piece in found.policy if piece.kind != "removed") == new.policy
    taken = []
    for _ in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        version_diff(old, new)
        taken.append((time.perf_counter() - start, time.process_time() - cpu))
    return taken


def main() -> None:
    """Measure each case and print the table; leaves with 1 where the CPU time is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rules = tuple(Rule(f"r{n}", "allow", f"Allow what rule {n} is about.", "As asked.") for n in range(1, 41))
    slow = []
    for name, old, new in pairs(options.signs):
        taken = seconds(Text(old, rules), Text(new, rules[:20] + rules[21:]), options.rounds)
        walls, cpus = [1000 * wall for wall, _ in taken], [1000 * cpu for _, cpu in taken]
        cpu = statistics.median(cpus)
        print(f"{name:30} {statistics.median(walls):6.1f} ms median {max(walls):6.1f} worst {cpu:6.1f} CPU")
        slow += [name] if cpu > LIMIT_MS else []
    if slow:
        raise SystemExit(f"Over {LIMIT_MS} ms: {'; '.join(slow)}.")


if __name__ == "__main__":
    main()
