"""Words of a text in any script, and the phrases of a table in them, in time linear in the text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# vowel signs and accents of most scripts are no letters to `re`, so \w alone would tear Hindi or Thai words apart
_MARKS = "".join(chr(code) for code in range(0x300, 0xFF00) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_UNSPACED = "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u1000-\u102a\u1780-\u17b3\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\\W_]|[{_MARKS}])+(?:'[^\\W\\d_]+)*")
_ALONE = re.compile(f"[{_UNSPACED}]")
_SENTENCE = re.compile(r"[^.!?؟۔。！？\n]+")
_QUOTED = re.compile(r'"[^"\n]{1,400}"|“[^“”\n]{1,400}”|«[^«»\n]{1,400}»')
_ARTICLE = re.compile(r"^(?:وال|بال|ال)(?=\w{3})")

# what does not change a word: joiners, NUL, Arabic vowel signs and the lengthening stroke; and spellings in free use
_DROPPED = dict.fromkeys([0, 0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x0640, 0x0670, *range(0x064B, 0x0653)])
_SAME = _DROPPED | {ord(a): b for a, b in zip("أإآٱىة’ʼ＇", "اااايه'''", strict=True)}

Phrase = tuple[str, ...]


class Found(NamedTuple):
    """A phrase at words[start:end], with the name it has in its table."""

    start: int
    end: int
    name: str


class Table:
    """Phrases by their first word, each with a name; the longest phrase at a place is the one that is found."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._starts: dict[str, list[tuple[Phrase, str]]] = {}
        for name, texts in phrases.items():
            for phrase in filter(None, (tuple(words(text)) for text in texts)):
                self._starts.setdefault(phrase[0], []).append((phrase, name))
        for entries in self._starts.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, text_words: list[str]) -> Iterator[Found]:
        """The phrases in a list of words from `words`, from left to right, never overlapping."""
        free = 0
        for start, word in enumerate(text_words):
            if start >= free and word in self._starts and (found := self._at(text_words, start)):
                free = found.end
                yield found

    def _at(self, text_words: list[str], start: int) -> Found | None:
        for phrase, name in self._starts[text_words[start]]:
            end = start + len(phrase)
            if tuple(text_words[start:end]) == phrase:
                return Found(start, end, name)
        return None


def words(text: str) -> list[str]:
    """The words of a text in order, lower case, without Arabic article, English plural s, vowel signs or joiners.

    In scripts without spaces each character is a word. Punctuation, symbols and NUL are in no word.
    """
    return [_base(word) for word in _WORD.findall(text.translate(_SAME).casefold())]


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence or line of a text that has any."""
    return [found for found in (words(part) for part in _SENTENCE.findall(text)) if found]


def unquoted(text: str) -> str:
    """The text without what stands in quotation marks on one line, so that a character's words are not the writer's."""
    return _QUOTED.sub(" ", text)


def stems(text_words: Iterable[str], common: frozenset[str]) -> Iterator[str]:
    """The first five characters of each word that carries content: neither common nor a short particle."""
    return (word[:5] for word in text_words if word not in common and (len(word) > 2 or _ALONE.match(word)))


def lettered(text: str, text_words: list[str]) -> float:
    """The share of the visible characters of a text that belong to its words, about 0..1; 0.0 for an empty text."""
    visible = len("".join(text.translate(_DROPPED).split()))
    return sum(map(len, text_words)) / visible if visible else 0.0


def _base(word: str) -> str:
    if word.isascii():
        word = word.removesuffix("'s")
        return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
    return _ARTICLE.sub("", word)
