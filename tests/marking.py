"""Words of templates marked for translation: `python -m tests.marking [TEMPLATE ...]` marks what is not marked yet.

A run of text, variables and plain inline tags is one message: `{% translate %}` when nothing varies in it,
`{% blocktranslate %}` otherwise, with `{% plural %}` where a number decides. Other tags end a run. So are the words in
attributes that people read or hear, in arguments of the components, and in `default` and `yesno`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TEMPLATES = Path(__file__).parent.parent / "templates"
READ = frozenset({"alt", "aria-label", "aria-description", "data-label", "label", "placeholder", "title"})
ARGUMENTS = (
    "about|action_label|doc_label|heading|in_word|label|learn_label|measure|note|noun|out_word|sentence|"
    "summary|title|verb|what|word|unit|text"
)
INLINE = frozenset({"b", "bdi", "code", "em", "i", "kbd", "q", "small", "span", "strong"})
SILENT = frozenset({"code", "kbd", "pre", "script", "style"})
WORDS = re.compile(r"[^\W\d_]{2,}")
NAMES_ONLY = re.compile(
    r"[\W\d_]*((CSV|SVG|PNG|JSON|CoSA Web|Python|curl|README\.md|config\.json|SFT|DPO|API|URL|UTC|[0-9a-f]{12})"
    r"[\W\d_]*)+"
)
ARGUMENT = re.compile(rf"(?<=\s)({ARGUMENTS})=(\"[^\"]*\"|'[^']*')")
FILTERED = re.compile(r"\|(default|default_if_none|yesno):(\"[^\"]*\"|'[^']*')")
PLURAL = re.compile(r"\{\{ ([^|}]+(?:\|length)?)\|pluralize(?::\"([^\"]*)\")? \}\}")
ATTRIBUTE = re.compile(r"([\w:-]+)=(\"(?:\{[{%#].*?[}%#]\}|[^\"])*\"|'(?:\{[{%#].*?[}%#]\}|[^'])*')", re.DOTALL)
TOKEN = re.compile(
    r"(?P<comment>\{#.*?#\}|<!--.*?-->)"
    r"|(?P<marked>\{% (?:blocktranslate|verbatim|comment)\b.*?\{% end(?:blocktranslate|verbatim|comment) %\})"
    r"|(?P<tag>\{%.*?%\})"
    r"|(?P<var>\{\{.*?\}\})"
    r"|(?P<html><(?:[!/]?[a-zA-Z]|/?\{%.*?%\})(?:\{[{%#].*?[}%#]\}|\"(?:\{[{%#].*?[}%#]\}|[^\"])*\"|'(?:\{[{%#].*?[}%#]\}|[^'])*'|[^>\"'])*>)"
    r"|(?P<text>[^<{]+|[<{])",
    re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a template: `kind` is the name of its group in TOKEN."""

    kind: str
    text: str


def tokens(source: str) -> list[Token]:
    """The pieces of a template; together they are the template."""
    return [Token(str(found.lastgroup), found[0]) for found in TOKEN.finditer(source)]


def mark(source: str) -> str:
    """The template with every message marked; a marked template stays as it is."""
    made: list[str] = []
    run: list[Token] = []
    silent = 0
    for token in tokens(source):
        name = _element(token)
        if name in SILENT and (silent or not _plain_inline(token)):
            silent += -1 if token.text.startswith("</") else 1
        elif not silent and (token.kind in {"text", "var"} or _plain_inline(token)):
            run.append(token)
            continue
        made += [_message(run), _around(token) if not silent or token.kind == "html" else token.text]
        run = []
    return "".join([*made, _message(run)])


def _element(token: Token) -> str:
    found = re.match(r"</?([a-zA-Z0-9]+)", token.text) if token.kind == "html" else None
    return found[1].lower() if found else ""


def _plain_inline(token: Token) -> bool:
    return token.kind == "html" and re.fullmatch(r"</?(\w+)>", token.text) is not None and _element(token) in INLINE


def _around(token: Token) -> str:
    if token.kind == "html":
        return ATTRIBUTE.sub(_attribute, token.text)
    return _arguments(token.text) if token.kind == "tag" else token.text


def _attribute(found: re.Match[str]) -> str:
    name, quote, value = found[1], found[2][0], found[2][1:-1]
    if name not in READ:
        return found[0]
    return f"{name}={quote}{mark_value(value, quote)}{quote}"


def mark_value(value: str, quote: str) -> str:
    """The value of an attribute with its messages marked; inside of it, strings stand in the other quotes."""
    made: list[str] = []
    run: list[Token] = []
    for token in tokens(value):
        if token.kind in {"text", "var"}:
            run.append(token)
        else:
            made += [_message(run, quote), _arguments(token.text) if token.kind == "tag" else token.text]
            run = []
    return "".join([*made, _message(run, quote)])


def _arguments(tag: str) -> str:
    """A component's tag with its words marked; words with a percent sign are said before it."""
    if not re.match(r"\{% (include|with|firstof)\b", tag):
        return tag
    before: list[str] = []

    def change(found: re.Match[str]) -> str:
        name, said = found[1], found[2]
        if not _has_words(said):
            return found[0]
        if "%" not in said:
            return f"{name}=_({said})"
        before.append(f"{{% translate {said} as {name}_words %}}")
        return f"{name}={name}_words"

    changed = ARGUMENT.sub(change, _filtered(tag))
    return "".join(before) + changed


def _filtered(text: str) -> str:
    return FILTERED.sub(lambda found: f"|{found[1]}:_({found[2]})" if _has_words(found[2]) else found[0], text)


def _has_words(text: str) -> bool:
    bare = re.sub(r"&\w+;", " ", text)
    return bool(WORDS.search(bare)) and not NAMES_ONLY.fullmatch(bare)


def _message(run: list[Token], quote: str = "") -> str:
    """The run as one message, or as several where its tags are not whole or two numbers decide about plurals."""
    parts = (part for whole in _whole(run) for part in _one_number(whole))
    return "".join(_marked(piece, quote) for part in parts for piece in _whole(part))


def _whole(run: list[Token]) -> Iterator[list[Token]]:
    """The run cut at inline tags that have no partner in it."""
    open_tags: list[int] = []
    paired: set[int] = set()
    for index, token in enumerate(run):
        if token.kind != "html":
            continue
        if not token.text.startswith("</"):
            open_tags.append(index)
        elif open_tags and _element(run[open_tags[-1]]) == _element(token):
            paired |= {open_tags.pop(), index}
    piece: list[Token] = []
    for index, token in enumerate(run):
        if token.kind == "html" and index not in paired:
            yield piece
            yield [token]
            piece = []
        else:
            piece.append(token)
    yield piece


def _one_number(run: list[Token]) -> Iterator[list[Token]]:
    """The run cut so that each part has plurals of one number at most."""
    piece: list[Token] = []
    number = ""
    for token in run:
        found = PLURAL.fullmatch(token.text)
        if found and number and found[1] != number:
            at = next(
                (i for i in range(len(piece) - 1, -1, -1) if piece[i].text.startswith("{{ " + found[1])), len(piece)
            )
            yield piece[:at]
            piece, number = piece[at:], found[1]
        elif found:
            number = found[1]
        piece.append(token)
    yield piece


def _marked(run: list[Token], quote: str) -> str:
    source = "".join(token.text for token in run)
    texts = "".join(token.text for token in run if token.kind == "text")
    plural = next((PLURAL.fullmatch(token.text) for token in run if PLURAL.fullmatch(token.text)), None)
    if not _has_words(_unsilent(run)) and not (plural and WORDS.search(texts + "x")):
        return "".join(_filtered(token.text) if token.kind == "var" else token.text for token in run)
    if (inner := _wrapped(run)) is not None:
        return run[0].text + _message(inner, quote) + run[-1].text
    start, end = len(source) - len(source.lstrip()), len(source.rstrip())
    if not any(token.kind == "var" for token in run):
        return source[:start] + _translate(source[start:end], quote) + source[end:]
    return source[:start] + _block(run, plural) + source[end:]


def _wrapped(run: list[Token]) -> list[Token] | None:
    """What is inside of the inline tag round the whole run, or None without such a tag."""
    if len(run) < 3 or run[0].kind != "html" or run[0].text.startswith("</"):
        return None
    deep = 0
    for index, token in enumerate(run):
        deep += (-1 if token.text.startswith("</") else 1) if token.kind == "html" else 0
        if deep == 0:
            return run[1:-1] if index == len(run) - 1 else None
    return None


def _unsilent(run: list[Token]) -> str:
    """The words of the run that are not inside of code or a key."""
    said, silent = [], 0
    for token in run:
        if _element(token) in SILENT:
            silent += -1 if token.text.startswith("</") else 1
        elif token.kind == "text" and not silent:
            said.append(token.text)
    return " ".join(said)


def _translate(text: str, quote: str) -> str:
    said = " ".join(text.split())
    for mark_ in ("'", '"') if quote == '"' else ('"', "'"):
        if mark_ not in said:
            return f"{{% translate {mark_}{said}{mark_} %}}"
    return f"{{% blocktranslate trimmed %}}{said}{{% endblocktranslate %}}"


def _block(run: list[Token], plural: re.Match[str] | None) -> str:
    names: dict[str, str] = {}
    one, many = [], []
    number = plural[1] if plural else ""
    for token in run:
        found = PLURAL.fullmatch(token.text)
        if found:
            endings = (found[2] or "s").split(",")
            one.append(endings[0] if len(endings) > 1 else "")
            many.append(endings[-1])
        elif token.kind == "var":
            name = _name(token.text[2:-2].strip(), names, number)
            one.append(f"{{{{ {name} }}}}")
            many.append(f"{{{{ {name} }}}}")
        else:
            one.append(token.text)
            many.append(token.text)
    bound = " ".join(f"{name}={_filtered(said)}" for said, name in names.items() if said not in (name, number))
    counted = f" count {names.get(number) or 'counter'}={_amount(number)}" if plural else ""
    head = "{% blocktranslate trimmed" + counted + (f" with {bound}" if bound else "") + " %}"
    body = " ".join("".join(one).split())
    if plural:
        body += "{% plural %}" + " ".join("".join(many).split())
    return f"{head}{body}{{% endblocktranslate %}}"


def _amount(number: str) -> str:
    return number if number.endswith("|length") else f"{number}|amount"


def _name(said: str, names: dict[str, str], number: str) -> str:
    """What the message calls a variable: its last word, with the word before it where that is taken."""
    if said in names:
        return names[said]
    path = re.split(r"\|", said)[0].strip("\"'").split(".")
    words = [re.sub(r"\W", "_", word) for word in path if word != "pk"] or ["number"]
    tail = re.findall(r"\|(\w+)", said)
    for name in (words[-1], "_".join(words[-2:]), "_".join(words), "_".join([*words, *tail])):
        good = (
            re.fullmatch(r"[a-z]\w*", name)
            and name not in names.values()
            and name not in {"count", "counter", "with", "trimmed"}
        )
        if good and not (said != name and _shadowed(name, number)):
            names[said] = name
            return name
    names[said] = f"value_{len(names) + 1}"
    return names[said]


def _shadowed(name: str, number: str) -> bool:
    return name == number.split(".")[0].split("|")[0]


def main(arguments: list[str]) -> None:
    """Mark the templates named, or all, and say which changed."""
    for path in [Path(name) for name in arguments] or sorted(TEMPLATES.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        if (marked := mark(source)) != source:
            path.write_text(marked, encoding="utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
