"""Checks a landed batch against its contract and splits it into rows to publish and rows set apart.

Every row rule is one bit of a mask, so that one pass over the rows answers all of them. Rows that
break a critical or warning rule are set apart whatever the tolerance; a critical rule that fails beyond
its tolerance rejects the batch. A batch without one good row is rejected too: published as a snapshot
it would empty the served version. Nothing is dropped: good and set apart add up to what landed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from catalog.contracts import Contract, PublishMode, Severity
from quality.rule import NOT_EMPTY, TYPE, Rule, rules_of
from quality.split import write_good, write_rejected, write_withheld
from quality.staging import Counts, Staged, Tally
from quality.verdict import Decision, RowRef, RuleResult, Verdict, within_tolerance
from quality.vocabulary import Reach
from warehouse.scratch import Scratch

__all__ = ["Decision", "RowRef", "RuleResult", "Verdict", "check"]

GOOD_FILE = "rows.parquet"
REJECTED_FILE = "rejected.parquet"
WITHHELD_FILE = "withheld.parquet"
"""The keys of the rows set apart from a snapshot: their last good version stays served."""
RETYPED_FROM = 10
"""A column of which this many values arrive and none fits its type was retyped at the source."""


def check(
    raw: Path,
    contract: Contract,
    out: Path,
    *,
    now: datetime,
    scratch: Scratch,
    released: Sequence[RowRef] | None = None,
    may_be_empty: bool = False,
) -> Verdict:
    """Write out/rows.parquet and out/rejected.parquet and say what becomes of the batch.

    `released`: look only at these rows, which a steward has let pass: the declared rules are still
    evaluated, but only what cannot be published at all (the implied rules) sets a row apart.
    `may_be_empty`: no row is an answer too, as it is for a derived data set.
    """
    rules = tuple(_waived(r) if released is not None else r for r in rules_of(contract))
    rules = tuple(rule for rule in rules if rule.reach is not Reach.PUBLISHED)
    if may_be_empty:
        rules = tuple(rule for rule in rules if rule.expectation != NOT_EMPTY)
    with scratch.cursor() as cursor:
        staged = Staged(cursor, raw, contract, rules, now, released)
        counts = staged.evaluate()
        good = write_good(staged, out / GOOD_FILE)
        if contract.publish_mode is PublishMode.SNAPSHOT:
            write_withheld(staged, out / WITHHELD_FILE)
        rejected = write_rejected(staged, counts, out / REJECTED_FILE)
    results = tuple(_result(rule, counts, good) for rule in rules)
    lost = any(r.severity is Severity.CRITICAL and not r.passed for r in results)
    decision = Decision.REJECT if lost else Decision.PUBLISH
    return Verdict(decision, counts.rows, good, rejected, results)


def _waived(rule: Rule) -> Rule:
    return rule if rule.implied else replace(rule, severity=Severity.INFO)


def _result(rule: Rule, counts: Counts, good: int) -> RuleResult:
    tally = counts.tallies.get(rule.id)
    if tally is None:  # NOT_EMPTY, which only the split can answer
        tally = Tally(evaluated=1, failed=0 if good else 1, observed=str(good))
    severity = rule.severity
    if rule.expectation == TYPE and tally.failed == tally.evaluated >= RETYPED_FROM:
        severity = Severity.CRITICAL
    return RuleResult(
        rule_id=rule.id,
        expectation=rule.expectation,
        column=rule.column,
        dimension=rule.dimension,
        severity=severity,
        tolerance=rule.tolerance,
        evaluated=tally.evaluated,
        failed=tally.failed,
        passed=within_tolerance(tally.failed, tally.evaluated, rule.tolerance),
        observed=tally.observed,
    )
