"""Formulas as physicists write them, for people to read: nothing reads them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hepack.relations.expression import Expression

LONGEST = 160


def in_words(formula: Expression | str, target: str = "") -> str:
    """``px1 + px2``, ``m(px, py, pz, E)``, ``GenJet_pt[Jet_genJetIdx]``; ``target`` is what it stands for."""
    text = _family(formula, target) if target in _sources(formula) else _words(formula)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _sources(formula: Expression | str) -> tuple[str, ...]:
    return (formula,) if isinstance(formula, str) else formula.sources


def _family(formula: Expression | str, target: str) -> str:
    """A formula that reads its own target, in objects that come before."""
    assert isinstance(formula, Expression)
    index = next(name for name, read in sorted(formula.pointers) if read == target)
    if not _has(formula, "elder"):
        return f"{target}[{index}]"
    known = [name for name in formula.sources if name not in (target, index)]
    by = f", by {', '.join(known)}" if known else ""
    return f"what elder siblings leave of {target}[{index}]{by}"


def _has(formula: Expression | str, kind: str) -> bool:
    return isinstance(formula, Expression) and (
        formula.kind == kind or any(_has(part, kind) for part in formula.inputs)
    )


def _words(formula: Expression | str) -> str:
    if isinstance(formula, str):
        return formula
    return str(_KINDS[formula.kind](formula.settings, [_words(part) for part in formula.inputs]))


def _linear(settings: tuple[Any, ...], parts: list[str]) -> str:
    *factors, constant = settings
    terms = [(factor, _factor(abs(factor)) + part) for factor, part in zip(factors, parts, strict=True)]
    if constant:
        terms.append((constant, _number(abs(constant))))
    first, *others = sorted(terms, key=lambda term: term[0] < 0)
    text = ("-" if first[0] < 0 else "") + first[1]
    return text + "".join(f" {'-' if factor < 0 else '+'} {part}" for factor, part in others)


def _product(settings: tuple[Any, ...], parts: list[str]) -> str:
    factor, *exponents = settings
    powers = list(zip(parts, exponents, strict=True))
    over = [_tight(part) + ("^2" if power == 2 else "") for part, power in powers if power > 0]
    under = [_tight(part) + ("^2" if power == -2 else "") for part, power in powers if power < 0]
    top = " ".join([*([_number(factor)] if factor != 1 or not over else []), *over])
    return " / ".join([top, *under])


def _vector(settings: tuple[Any, ...], parts: list[str]) -> str:
    wanted, *particles = settings
    inputs = iter(parts)
    texts = []
    for sign, roles, role, value in particles:
        given = [next(inputs) for _ in roles] + ([f"{role} = {_number(value)}"] if role else [])
        texts.append("-" * (sign < 0) + ", ".join(given))
    return f"{wanted}({'; '.join(texts)})"


def _reduce(settings: tuple[Any, ...], parts: list[str]) -> str:
    what = f"number {settings[1]}" if settings[0] == "nth" else settings[0]
    where = f" where {parts[1]}" if len(parts) > 1 else ""
    return f"{what} of {_tight(parts[0])}{where}"


def _guard(settings: tuple[Any, ...], parts: list[str]) -> str:
    return f"{parts[0]} ({_number(settings[1])} where {parts[1]} = {_number(settings[0])})"


_KINDS: dict[str, Callable[[tuple[Any, ...], list[str]], str]] = {
    "linear": _linear,
    "quotient": lambda s, p: f"{_tight(p[0])} * {_number(s[0])} / {_number(s[1])}",
    "product": _product,
    "call": lambda s, p: f"{s[0]}({', '.join(p)})",
    "vector": _vector,
    "guard": _guard,
    "table": lambda s, p: f"table of {', '.join(p)}",
    "length": lambda s, p: f"length of {s[0]}",
    "rank": lambda s, p: f"place in {s[0]}" + (f" + {s[1]}" if s[1] else ""),
    "reduce": _reduce,
    "gather": lambda s, p: f"{_tight(p[0])}[{p[1]}]",
    "elder": lambda s, p: f"sum over elders of {_tight(p[0])} by {p[1]}",
}


def _factor(value: Any) -> str:
    return "" if value == 1 else f"{_number(value)} "


def _number(value: Any) -> str:
    return f"{value:.6g}"


def _tight(text: str) -> str:
    """In brackets where a space would come apart."""
    return f"({text})" if " " in text and not text.endswith(")") else text
