# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # What packing does to the physics, step by step
#
# The same as `hepack report`, from Python. Open it as a notebook with jupytext, or run it:
# `python examples/report.py`.

# %%
import tempfile
from dataclasses import replace
from pathlib import Path

import hepack
from hepack.report.cut_figures import draw_turn_on
from hepack.report.figures import draw_quantity, draw_variable
from hepack.report.policy import load_policy
from hepack.report.style import styled
from hepack.report.verdict import judge
from hepack.report.words import of, percent, signed_percent
from hepack.report.write import Outputs, write

folder = Path(tempfile.mkdtemp(prefix="hepack-report-"))
original = Path("samples/ttbar.root")

# %% [markdown]
# Pack 1,500 simulated top pairs, momenta within 0.1 % and angles within 1e-3.

# %%
packed = folder / "ttbar.hpk"
hepack.pack(original, packed, preset="analysis", effort="fast")

# %% [markdown]
# Compare. A policy says what to compare and what counts as passed; here one selection is added to the default.

# %%
policy = load_policy()
settings = replace(policy.settings, expressions=("njet30 >= 4 and met > 30",))
comparison = hepack.compare(original, packed, settings=settings)
(events,) = comparison.tables
print(events.pairing)

# %% [markdown]
# ## Responses, in bins of pt

# %%
jet_pt = next(variable for variable in events.variables if variable.name == "Jet_pt")
assert jet_pt.response is not None
print("mean", percent(jet_pt.response.mean), "rms", percent(jet_pt.response.rms), "promise", jet_pt.promise)
profile = jet_pt.profiles[0]
for low, high, count, rms in zip(profile.edges, profile.edges[1:], profile.count, profile.rms, strict=False):
    print(f"{low:7.1f} to {high:7.1f} GeV: {count:6.0f} jets, rms {percent(rms)}")
with styled():
    draw_variable(jet_pt, ("original", "packed"), paired=True).savefig(folder / "jet_pt.png")

# %% [markdown]
# ## Masses and other quantities of events

# %%
for quantity in events.quantities:
    shift = signed_percent(quantity.shift) if quantity.shift else quantity.reason
    print(f"{quantity.title}: {quantity.count_before} events, {shift}")
with styled():
    top = next(quantity for quantity in events.quantities if quantity.name == "m_top")
    draw_quantity(top, ("original", "packed"), paired=True).savefig(folder / "top.png")

# %% [markdown]
# ## Objects that cross a cut, selections, turn-ons

# %%
for crossing in events.crossings:
    if crossing.kind == "jets" and crossing.made_fraction and crossing.lost_fraction:
        print(
            f"{crossing.threshold:g} GeV: made {of(crossing.made_fraction)}, lost {of(crossing.lost_fraction)}"
        )
for selection in events.selections:
    print(selection.expression, selection.efficiency, selection.purity)
for turn_on in events.turn_ons:
    print(
        turn_on.title, turn_on.threshold, signed_percent(turn_on.shift) if turn_on.shift else turn_on.reason
    )
with styled():
    draw_turn_on(events.turn_ons[0], ("original", "packed")).savefig(folder / "turn_on.png")

# %% [markdown]
# ## Tests

# %%
assert events.tests is not None
for tree in events.tests.classifiers:
    print(tree.axis or "events", f"AUC {tree.auc.value:.4f} ± {tree.auc.error:.4f}", tree.reason)
worst = min(events.tests.variables, key=lambda test: test.p_holm)
print("smallest corrected p-value:", worst.variable, worst.p_holm)

# %% [markdown]
# ## Verdict, page, PDF and JSON

# %%
verdict = judge(comparison, policy)
print(verdict.headline)
for sentence in verdict.sentences:
    print("-", sentence)
outputs = Outputs(page=folder / "report.html", pdf=folder / "report.pdf", json=folder / "report.json")
write(comparison, verdict, replace(policy, figures=8), outputs)
print("see", folder)
