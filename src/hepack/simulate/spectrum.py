"""A minimal SUSY Les Houches spectrum (arXiv:hep-ph/0311123) for simplified models.

All superpartners are out of reach (10 TeV) but the ones named; mixing matrices are the identity.
"""

from __future__ import annotations

HEAVY = 1.0e4
SQUARKS = (1000001, 1000002, 1000003, 1000004, 1000005, 2000001, 2000002, 2000003, 2000004, 2000005, 2000006)
SLEPTONS = (1000011, 1000012, 1000013, 1000014, 1000015, 1000016, 2000011, 2000013, 2000015)
GAUGINOS = (1000023, 1000024, 1000025, 1000035, 1000037)
HIGGSES = (35, 36, 37)
LIGHT_QUARKS = (1, 2, 3, 4)


def simplified_spectrum(*, gluino: float, stop: float, neutralino: float) -> str:
    """Masses in GeV. Gluinos decay to light quark pairs, stops to top, and both to the neutralino."""
    masses = dict.fromkeys((*SQUARKS, *SLEPTONS, *GAUGINOS, *HIGGSES), HEAVY)
    masses |= {25: 125.2, 1000006: stop, 1000021: gluino, 1000022: neutralino}
    parts = [
        "BLOCK MODSEL\n   1   0\n",
        "BLOCK MASS\n" + "".join(f"   {code}   {mass:.6E}\n" for code, mass in masses.items()),
        _identity("NMIX", 4),
        _identity("UMIX", 2),
        _identity("VMIX", 2),
        _identity("STOPMIX", 2),
        _identity("SBOTMIX", 2),
        _identity("STAUMIX", 2),
        "BLOCK ALPHA\n   -1.0E-01\n",
        _decay(1000021, 1.0, [(quark, -quark, 1000022) for quark in LIGHT_QUARKS]),
        _decay(1000006, 1.0, [(6, 1000022)]),
        _decay(1000022, 0.0, []),
    ]
    return "".join(parts)


def _identity(name: str, size: int) -> str:
    rows = [f"   {i}   {j}   {float(i == j):.6E}\n" for i in range(1, size + 1) for j in range(1, size + 1)]
    return f"BLOCK {name}\n" + "".join(rows)


def _decay(code: int, width: float, channels: list[tuple[int, ...]]) -> str:
    lines = [f"DECAY   {code}   {width:.6E}\n"]
    for products in channels:
        codes = "   ".join(map(str, products))
        lines.append(f"   {1 / len(channels):.6E}   {len(products)}   {codes}\n")
    return "".join(lines)
