"""The marks of chat templates inside texts, taken apart: servers read them in a text as they read their own."""

import re
import unicodedata

from annotations.core.accents import unpiled

HAIR = "\N{HAIR SPACE}"
"""What stands inside a mark that was taken apart: it reads the same, and no tokenizer knows it as the mark."""
MANY, FEW = 10_000, 50

# Words that some model's tokenizer holds between < and >, in whatever letters; with a bar in them any word is one.
_WORDS = (
    r"bos|eos|pad|unk|mask|sep|cls|eo[tdmpha]|sop|sys|think(?:ing)?|answer|tools|toolcall|role|image|video|audio|ai|用户"
    r"|filename|reponame|endoftext|startoftext|2mass|unused\d{1,6}|mask:\d{1,6}|seed:\w{1,40}|_(?:user|bot|system|end)"
    r"|(?:start|begin|end)_of_\w{1,60}|\w{1,60}_(?:start|begin|end|sep|tokens?|tools|output)|(?:\w{1,30}:)?tool_\w{1,60}"
    r"|(?:fim|function|arg|reserved|special|extra|tokens|unused|fake|repo|gh|issue|jupyter|commit|code|intermediate|pr|row"
    r"|image|img|vision|audio|video|box|quad|object_ref|bos|eos|pad|unk|sep|cls|mask|eot|eod)_\w{1,60}"
)
_EXACT_WORDS = "s|PRE|SUF|MID"  # <S> is a type in many programs, <pre> a tag of HTML
_BRACKETED = (
    r"INST|SYS|SYSTEM|USER|ASSISTANT|BOT|ARGS|AUDIO|CALL_ID|THINK|PREFIX|MIDDLE|SUFFIX|TRANSCRIBE|IMG|gMASK|sMASK|MASK"
    r"|(?:SYSTEM|AVAILABLE|TOOL|MODEL|IMG|BEGIN|OUTPUT|REPEAT|NEXT|STREAMING|UNUSED)_[A-Z_]{1,30}\d{0,6}"
    r"|CLS|SEP|PAD|UNK|BOS|EOS|EOT|EOD|@BOS@|unused\d{1,6}|control_\d{1,6}"
)
_MARK = re.compile(
    r"<(?:"
    r"/?\|[^\s<>|]{1,80}+\|?"  # <|im_start|>, and <|turn> as newer ones have it
    r"|/?[\w\"][^\s<>|]{0,80}+\|"  # <turn|>
    rf"|/?(?:{_EXACT_WORDS}|(?i:{_WORDS}))"
    r"|\[\w{0,40}[▁-][\w▁-]{0,40}\]"  # <[end▁of▁sentence]>
    rf")>|\[(?:/?(?:{_BRACKETED})|\|[A-Za-z_]{{1,40}}+\|)\]"
)
_FIXED = {
    "~": ("]~b]", "]~!b[", "[e~[", "]!p~[", "]!d~[", "]!s~["),
    "]<": ("]<]",),
    "FINAL": ("[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]"),
    ">>": (
        *(">>TITLE<<", ">>ABSTRACT<<", ">>INTRODUCTION<<", ">>SUMMARY<<", ">>COMMENT<<", ">>ANSWER<<", ">>QUESTION<<"),
        *(">>DOMAIN<<", ">>PREFIX<<", ">>MIDDLE<<", ">>SUFFIX<<"),
    ),
}
"""Marks of no common form, by what a text with one of them holds."""
_PLAIN = ((re.compile(r"<[^\s<>]++>"), "<"), (re.compile(r"\[[^\s\[\]]++\]"), "["))
_WIDE = (
    (re.compile("[<＜﹤][^\\s<>＜＞﹤﹥]++[>＞﹥]"), "<＜﹤"),
    (re.compile("[\\[［﹇][^\\s\\[\\]［］﹇﹈]++[\\]］﹈]"), "[［﹇"),
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)


def apart(text: str) -> str:
    """The text with a hair space in every mark of a chat template, so that it is read as plain characters.

    A text without such a mark comes back as it is, and one that was taken apart already too. What would become a mark
    where a server folds look-alikes or drops invisible characters is taken apart as well; nothing is folded here.
    So that no text takes long, one with more than FEW different marks, or MANY words in brackets, has every opening
    bracket of that kind set apart.
    """
    for kind, opening in _PLAIN if text.isascii() else _WIDE:
        text = _each_apart(text, kind, opening)
    for sign, marks in _FIXED.items():
        for mark in marks if sign in text else ():
            text = text.replace(mark, _hair(mark))
    return text


def _each_apart(text: str, kind: re.Pattern[str], opening: str) -> str:
    found = set(kind.findall(text))
    marks = set(opening) if len(found) > MANY else {one for one in found if _is_mark(one)}
    for mark in marks if len(marks) <= FEW else set(opening):
        text = text.replace(mark, _hair(mark))
    return text


def _is_mark(text: str) -> bool:
    seen = text if text.isascii() else unicodedata.normalize("NFKC", unpiled(_INVISIBLE.sub("", text)))
    return _MARK.fullmatch(seen) is not None


def _hair(mark: str) -> str:
    return mark[0] + HAIR + mark[1:]
