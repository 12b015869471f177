"""The model card: what a network is, how it was trained and what it can't do, as Markdown from its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card_text(card: Mapping[str, Any], quality: Mapping[str, Mapping[str, float]] | None = None) -> str:
    """Markdown of a card (see `hepack.training.trained.fit`); ``quality`` maps variables to figures of merit."""
    settings = card.get("settings", {})
    loss = card.get("loss", {})
    lines = [
        f"# {card.get('title', 'Autoencoder')} {card.get('layers', '')}",
        "",
        "| | |",
        "|---|---|",
        f"| parameters | {card.get('parameters', '')} |",
        f"| activation | {card.get('architecture', {}).get('activation', '')} |",
        f"| batch norm | {card.get('architecture', {}).get('batch_norm', '')} |",
        f"| normalisation | {card.get('normalisation', '')} |",
        f"| loss | {settings.get('loss', '')} |",
        f"| epochs, batch, top rate | {card.get('epochs')}, {settings.get('batch')}, {card.get('rate', 0):.2g} |",
        f"| seed | {settings.get('seed')} |",
        f"| rows trained on | {card.get('rows')} |",
        f"| loss, training and validation | {loss.get('training', 0):.3g}, {loss.get('validation', 0):.3g} |",
        "",
        "Not for rows far outside the range trained on: their error has no bound unless a tolerance is given.",
    ]
    if quality:
        keys = list(next(iter(quality.values())))
        lines += ["", f"| variable | {' | '.join(keys)} |", "|---" * (len(keys) + 1) + "|"]
        lines += [
            f"| {name} | {' | '.join(f'{row[key]:.4g}' for key in keys)} |" for name, row in quality.items()
        ]
    return "\n".join(lines) + "\n"
