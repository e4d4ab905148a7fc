"""How figures, times and meanings are written on every page. Without a value the answer is "–", never a zero."""

from collections.abc import Callable, Sized

from django import template
from django.template.defaultfilters import date
from django.utils.html import format_html
from django.utils.translation import gettext

from annotations import heat, marks
from annotations.core.taxonomy import categories

register = template.Library()

NOTHING = "–"
THIN = "\u202f"
MINUS = "−"


def _number(value: object) -> float | None:
    if value is None or value == "" or isinstance(value, bool):
        return None
    return float(str(value))


def _signed(text: str) -> str:
    return text.replace("-", "" if float(text.rstrip("%").rstrip(THIN)) == 0 else MINUS)


@register.filter
def title_size(title: object) -> str:
    """The class of a heading that shows it: "long" for more than 90 characters, which are set smaller, else ""."""
    return "long" if len(str(title)) > 90 else ""


@register.filter
def score(value: object) -> str:
    """A score with 2 decimals and a real minus sign; "–" for None; never a negative zero."""
    number = _number(value)
    return NOTHING if number is None else _signed(f"{number:.2f}")


@register.filter
def interval(low: object, high: object) -> str:
    """`[0.36–0.46]`; with a negative end `[−0.10 to 0.20]`, so that no dash reads as a sign; "" without both ends."""
    ends = _number(low), _number(high)
    if ends[0] is None or ends[1] is None:
        return ""
    if min(ends[0], ends[1]) >= 0:
        return f"[{score(ends[0])}–{score(ends[1])}]"
    return gettext("[%(low)s to %(high)s]") % {"low": score(ends[0]), "high": score(ends[1])}


@register.filter
def shift(value: object) -> str:
    """A difference of two scores with its sign and 3 decimals, `+0.007`; no sign for zero; "–" for None."""
    number = _number(value)
    if number is None:
        return NOTHING
    text = _signed(f"{number:.3f}")
    return f"+{text}" if float(f"{number:.3f}") > 0 else text


@register.filter
def shift_interval(low: object, high: object) -> str:
    """The interval of a difference, `[−0.004 to +0.013]`; "" without both ends."""
    if _number(low) is None or _number(high) is None:
        return ""
    return gettext("[%(low)s to %(high)s]") % {"low": shift(low), "high": shift(high)}


@register.filter
def percent(value: object) -> str:
    """A share 0..1 as percent with one decimal, `64.5 %`; "–" for None."""
    number = _number(value)
    return NOTHING if number is None else _signed(f"{100 * number:.1f}{THIN}%")


@register.filter
def stars(value: object) -> str:
    """Helpfulness 0..1 as people give it, 0 to 5: `4`, or `3.5` for a mean; "–" for None."""
    number = _number(value)
    return NOTHING if number is None else f"{5 * number:.1f}".removesuffix(".0")


@register.filter
def duration(value: object) -> str:
    """Seconds (or a timedelta) in the two largest units, `2 min 10 s`; below ten seconds one decimal; "–" for None."""
    total = getattr(value, "total_seconds", None)
    number = float(total()) if callable(total) else _number(value)
    if number is None:
        return NOTHING
    if number < 9.95:
        return f"{number:.1f}".removesuffix(".0") + " s"
    minutes, seconds = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next(index for index, (amount, _) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)


@register.filter
def ms(value: object) -> str:
    """Milliseconds: `480 ms`, from one second on `1.25 s`; "–" for None."""
    number = _number(value)
    if number is None:
        return NOTHING
    return f"{number:.0f} ms" if round(number) < 1000 else f"{number / 1000:.2f} s"


@register.filter
def count(value: object) -> str:
    """A whole number with thin spaces between the thousands, `12 480`; "–" for None."""
    number = _number(value)
    return NOTHING if number is None else f"{int(number):,}".replace(",", THIN).replace("-", MINUS)


@register.filter
def dollars(value: object) -> str:
    """US dollars, `$1 204.50`; below a cent with four decimals, `$0.0031`; "–" for None."""
    number = _number(value)
    if number is None:
        return NOTHING
    decimals = 4 if 0 < number < 0.01 else 2
    return f"${number:,.{decimals}f}".replace(",", THIN)


@register.filter
def micros(value: object) -> str:
    """Millionths of a US dollar as US dollars; "–" for None."""
    number = _number(value)
    return dollars(None if number is None else number / 1_000_000)


@register.filter
def short(value: object) -> str:
    """The first 8 characters of a digest; "–" for none."""
    return str(value)[:8] if value else NOTHING


@register.filter
def risk(slug: object) -> str:
    """The name of a risk category, `Financial crime`; an unknown slug as it is."""
    return next((category.name for category in categories() if category.slug == slug), str(slug))


@register.filter
def at(value: object) -> str:
    """A position for an SVG attribute, `64.25%`; the same in every language; "0%" for None."""
    return f"{_number(value) or 0:g}%"


@register.filter
def share_of(part: object, whole: object) -> str:
    """A part of a whole as an SVG length in percent, held between 0 and 100; "0%" for an empty whole."""
    number, total = _number(part) or 0, _number(whole) or 0
    return f"{min(max(100 * number / total, 0), 100):.2f}%" if total > 0 else "0%"


register.filter("shade", heat.shade)


@register.filter(expects_localtime=True)
def when(value: object, layout: str) -> str:
    """A moment as `<time>`, written by the layout of Django's `date`; "" for None."""
    if not value:
        return ""
    return format_html('<time datetime="{}">{}</time>', date(value, "c"), date(value, layout))


@register.filter
def said(words: object) -> object:
    """Words of a registry or a table in the page's language; what is no text, and no text at all, as it is."""
    return gettext(words) if isinstance(words, str) and words else words


@register.filter
def amount(value: object) -> float:
    """The number that decides between singular and plural: a number itself, the length of a list, 0 for None."""
    if isinstance(value, int | float):
        return value
    return len(value) if isinstance(value, Sized) else 0


def _lookup(table: dict[str, marks.Mark], doc: str) -> Callable[[object], marks.Mark]:
    def find(name: object) -> marks.Mark:
        found = marks.mark(table, name)
        return found._replace(word=gettext(found.word))

    find.__doc__ = doc
    return find


register.filter("run_mark", _lookup(marks.RUN_STATES, "Glyph, word and tone of a run's state."))
register.filter("version_mark", _lookup(marks.VERSION_STATES, "Glyph, word and tone of a version's state."))
register.filter("campaign_mark", _lookup(marks.CAMPAIGN_STATES, "Glyph, word and tone of a campaign's state."))
register.filter("decision_mark", _lookup(marks.DECISIONS, "Glyph, word and tone of a reviewer's decision."))
register.filter("outcome_mark", _lookup(marks.OUTCOMES, "Glyph and word of an outcome."))
register.filter("error_mark", _lookup(marks.ERROR_KINDS, "What sort of error it is, in a word or two."))
register.filter("trial_mark", _lookup(marks.TRIAL_OUTCOMES, "Glyph, word and tone of what came of an attack."))
register.filter("kind_mark", _lookup(marks.KINDS, "Letter and word of a prompt kind."))
