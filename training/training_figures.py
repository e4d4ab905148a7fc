"""How values of training are written: four digits that count, powers of ten without zeros, real minus signs."""

import math


def figure(value: float | None) -> str:
    """A value of a curve with four digits that count, `0.6931`, `5e−7`; "–" for None."""
    if value is None or not math.isfinite(value):
        return "–"
    return _written(f"{value:.4g}")


def axis_words(value: float) -> str:
    """A round value of an axis, thin spaces between its thousands."""
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace(",", "\u202f").replace("-", "−")
    return _written(f"{value:.6g}")


def _written(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return (f"{mantissa}e{int(power)}" if power else mantissa).replace("-", "−")
