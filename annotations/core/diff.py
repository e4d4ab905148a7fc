"""What changed between two versions of a safety config: policy, rules by id, allowed risks, and it all in a sentence.

How texts are compared, and what happens at the bounds, stands in `word_diff` and `alignment`: unchanged lines first,
then words within what changed; two long stretches that share next to nothing are shown as replaced whole.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from annotations.core import alignment, taxonomy, tokens, word_diff
from annotations.core.config_text import Rule
from annotations.core.word_diff import Line as Line
from annotations.core.word_diff import Piece as Piece
from annotations.core.word_diff import lines as lines
from annotations.core.word_diff import words as words

Status: TypeAlias = Literal["same", "changed", "added", "removed", "moved"]
_ASIDE: tuple[Status, ...] = ("changed", "added", "removed", "moved")


class Text(NamedTuple):
    """What of a version is compared; `allowed` holds slugs of risk categories."""

    policy: str
    rules: tuple[Rule, ...] = ()
    allowed: frozenset[str] = frozenset()


class RuleChange(NamedTuple):
    """One rule in two versions; a side that does not have it has None, `text` and `example` are its word pieces.

    `moved` is True when it stands elsewhere among the rules that both have; the status is moved when that is all.
    """

    id: str
    status: Status
    old: Rule | None
    new: Rule | None
    text: tuple[Piece, ...]
    example: tuple[Piece, ...]
    moved: bool = False

    @property
    def old_kind(self) -> str | None:
        """The kind the rule had; None for an added one."""
        return self.old.kind if self.old else None

    @property
    def new_kind(self) -> str | None:
        """The kind the rule has; None for a removed one."""
        return self.new.kind if self.new else None


class Categories(NamedTuple):
    """Slugs of risk categories, each in the order of the taxonomy; unknown ones at the end."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    same: tuple[str, ...]


class VersionDiff(NamedTuple):
    """All that changed between two versions; `changed` is False when nothing did."""

    policy: tuple[Piece, ...]
    lines: tuple[Line, ...]
    rules: tuple[RuleChange, ...]
    allowed: Categories
    summary: str
    changed: bool


def version_diff(old: Text, new: Text) -> VersionDiff:
    """Everything a page of two versions shows, the policy compared once for both of its views."""
    compared = word_diff.compare(old.policy, new.policy)
    policy, rule_changes = word_diff.words_of(compared), rules(old.rules, new.rules)
    allowed = categories(old.allowed, new.allowed)
    sentence = summary(policy, rule_changes, allowed)
    return VersionDiff(policy, word_diff.lines_of(compared), rule_changes, allowed, sentence, sentence != _NOTHING)


def rules(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[RuleChange, ...]:
    """The rules of both versions matched by id, in the new order; a removed one stands after the rule it followed.

    An id that a version has twice is matched first with first, second with second.
    """
    before, after = _by_id(old), _by_id(new)
    places = {key: place for place, key in enumerate(before)}
    both = [key for key in after if key in before]
    in_order = {both[at] for at in alignment.rising([places[key] for key in both])}
    return tuple(
        _rule_change(before.get(key), after.get(key), key in before and key in after and key not in in_order)
        for key in _in_one_order(list(before), list(after))
    )


def categories(old: Iterable[str], new: Iterable[str]) -> Categories:
    """The slugs that only the new, only the old, and both versions allow."""
    before, after = frozenset(old), frozenset(new)
    return Categories(_ordered(after - before), _ordered(before - after), _ordered(before & after))


def summary(policy: Iterable[Piece], rules: Iterable[RuleChange], allowed: Categories) -> str:
    """One sentence such as `3 rules changed, 1 added; policy: 1 word added; opens drugs.`, or `Nothing changed.`

    Words are counted as the pieces show them, each character of a script without spaces being one.
    """
    parts = [_rules_in_words(rules), _policy_in_words(policy), _allowed_in_words(allowed)]
    said = "; ".join(part for part in parts if part)
    return f"{said[0].upper()}{said[1:]}." if said else _NOTHING


_NOTHING = "Nothing changed."
_Key: TypeAlias = tuple[str, int]


def _by_id(rules: Iterable[Rule]) -> dict[_Key, Rule]:
    seen: Counter[str] = Counter()
    found: dict[_Key, Rule] = {}
    for rule in rules:
        found[rule.id, seen[rule.id]] = rule
        seen[rule.id] += 1
    return found


def _in_one_order(old: Sequence[_Key], new: Sequence[_Key]) -> list[_Key]:
    """The new keys in their order, and each old one that is gone after the nearest old one before it that stayed."""
    followers: dict[_Key | None, list[_Key]] = {}
    stays, last = frozenset(new), None
    for key in old:
        if key in stays:
            last = key
        else:
            followers.setdefault(last, []).append(key)
    return [*followers.get(None, []), *(each for key in new for each in [key, *followers.get(key, [])])]


def _rule_change(old: Rule | None, new: Rule | None, moved: bool) -> RuleChange:
    blank = Rule("", "", "")
    before, after = old or blank, new or blank
    text, example = words(before.text, after.text), words(before.example, after.example)
    status: Status = "added" if old is None else "removed" if new is None else _rule_status(old, new, moved)
    return RuleChange(before.id or after.id, status, old, new, text, example, moved)


def _rule_status(old: Rule, new: Rule, moved: bool) -> Status:
    return "changed" if old != new else "moved" if moved else "same"


def _ordered(slugs: Iterable[str]) -> tuple[str, ...]:
    ranks = {slug: rank for rank, slug in enumerate(taxonomy.SLUGS)}
    return tuple(sorted(slugs, key=lambda slug: (ranks.get(slug, len(ranks)), slug)))


def _rules_in_words(rules: Iterable[RuleChange]) -> str:
    counts = Counter(rule.status for rule in rules)
    return _listed([(counts[status], status) for status in _ASIDE], "rule")


def _policy_in_words(policy: Iterable[Piece]) -> str:
    counts: Counter[str] = Counter()
    for piece in policy:
        counts[piece.kind] += tokens.count_words(piece.text) if piece.kind != "same" else 0
    if set(counts) <= {"same"}:
        return ""
    said = _listed([(counts["added"], "added"), (counts["removed"], "removed")], "word")
    return f"policy: {said or 'only spaces or punctuation changed'}"


def _listed(counts: Iterable[tuple[int, str]], noun: str) -> str:
    """Such as `2 words added, 1 removed`: the noun once, nothing that counts 0."""
    said = [(count, what) for count, what in counts if count]
    first = [f"{count} {noun if count == 1 else noun + 's'} {what}" for count, what in said[:1]]
    return ", ".join(first + [f"{count} {what}" for count, what in said[1:]])


def _allowed_in_words(allowed: Categories) -> str:
    opened, closed = _named("opens", allowed.added), _named("closes", allowed.removed)
    return ", ".join(part for part in (opened, closed) if part)


def _named(verb: str, slugs: Sequence[str]) -> str:
    names = {category.slug: category.name.lower() for category in taxonomy.categories()}
    *first, last = [names.get(slug, slug) for slug in slugs] or [""]
    return f"{verb} {', '.join(first)}{' and ' if first else ''}{last}" if last else ""
