"""The verdict: all checks, and sentences of what was found."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hepack.evaluate.results import Comparison
from hepack.report.checks import STATES, Check, table_checks
from hepack.report.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All checks, the worst first, and what was found in sentences."""

    checks: tuple[Check, ...]
    sentences: tuple[str, ...]
    policy: str

    @property
    def passed(self) -> bool:
        return not any(check.status == "fail" for check in self.checks)

    @property
    def headline(self) -> str:
        """One sentence."""
        failed = [check for check in self.checks if check.status == "fail"]
        tested = [check for check in self.checks if check.status != "not tested"]
        if failed:
            names = ", ".join(dict.fromkeys(check.title for check in failed))
            return f"{len(failed)} of {len(tested)} checks fail: {names}."
        unclear = sum(check.status == "unclear" for check in self.checks)
        if unclear:
            over = "over the limit, but by less than two standard errors"
            return f"None of {len(tested)} checks fails; {unclear} {'is' if unclear == 1 else 'are'} unclear ({over})."
        return f"All {len(tested)} checks that could be made pass."


def judge(comparison: Comparison, policy: Policy) -> Verdict:
    """Hold a comparison against a policy."""
    checks: list[Check] = []
    sentences: list[str] = []
    several = len(comparison.tables) > 1
    for table in comparison.tables:
        prefix = f"{table.original.table}: " if several else ""
        found = list(table_checks(table, policy.limits))
        if several:
            found = [_named(check, prefix) for check in found]
        checks += found
        sentences += [prefix + finding.text for finding in table.findings if finding.severity != "note"]
        sentences += [prefix + finding.text for finding in table.findings if finding.severity == "note"]
    if not comparison.tables:
        checks.append(
            Check(
                code="tables",
                title="tables",
                status="fail",
                figure="0",
                limit="1",
                sentence="The files have no table in common.",
            )
        )
    checks.sort(key=lambda check: STATES.index(check.status))
    said = [
        c.sentence
        for c in checks
        if c.status in ("fail", "unclear") and c.code not in ("faults", "bound", "bias")
    ]
    quiet = [c for c in checks if c.code == "crossing" and c.figure.startswith("0 made, 0 lost")]
    passed = [c.sentence for c in checks if c.status == "pass" and c not in quiet]
    if quiet:
        kinds = ", ".join(c.title.removesuffix(" that cross a cut") for c in quiet)
        passed.append(f"Nothing at all crosses any cut among: {kinds}.")
    return Verdict(checks=tuple(checks), sentences=(*sentences, *said, *passed), policy=policy.name)


def _named(check: Check, prefix: str) -> Check:
    return replace(check, title=prefix + check.title, sentence=prefix + check.sentence)
