"""Figures in words: percentages and uncertainties."""

from __future__ import annotations

import math

from hepack.evaluate.figures import Fraction, Measured


def percent(value: float, digits: int = 3) -> str:
    """``0.00123`` as ``0.123 %``."""
    return "not known" if math.isnan(value) else f"{100 * value:.{digits}g} %"


def signed_percent(measured: Measured) -> str:
    """A relative shift with its error: ``+0.012 ± 0.003 %``."""
    value, error = 100 * measured.value, 100 * measured.error
    if math.isnan(error):
        return f"{value:+.3g} %"
    places = decimals(error)
    return f"{value:+.{places}f} ± {error:.{places}f} %"


def with_error(measured: Measured) -> str:
    """A figure with its error and unit: ``91.12 ± 0.03 GeV``."""
    unit = f" {measured.unit}" if measured.unit else ""
    if math.isnan(measured.error):
        return f"{measured.value:.5g}{unit}"
    places = decimals(measured.error)
    return f"{measured.value:.{places}f} ± {measured.error:.{places}f}{unit}"


def decimals(error: float) -> int:
    """Decimals that show two digits of an error."""
    if not error > 0 or not math.isfinite(error):
        return 4
    return int(min(9, max(0, 1 - math.floor(math.log10(error)))))


def of(fraction: Fraction) -> str:
    """``3 of 7,916 (0.038 %, Clopper-Pearson 0.017 to 0.074 %)``."""
    if not fraction.total:
        return "0 of 0"
    low, high = fraction.clopper_pearson
    return (
        f"{fraction.passed:,} of {fraction.total:,} ({percent(fraction.value)}, Clopper-Pearson "
        f"{100 * low:.3g} to {percent(high)})"
    )


def plain(value: float | None, digits: int = 4) -> str:
    """A number, or nothing."""
    return "" if value is None or math.isnan(value) else f"{value:.{digits}g}"
