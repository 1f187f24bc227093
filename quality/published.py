"""What the publish step found, as results beside the gate's: rules that need other published data."""

from catalog.contracts import Contract, Dimension, Severity
from catalog.ids import RuleId
from quality.rule import Rule, declared_rules
from quality.verdict import RuleResult, within_tolerance
from warehouse.engine import Publication
from warehouse.publish import KEY_CLASH


def published_results(contract: Contract, publication: Publication) -> tuple[RuleResult, ...]:
    """The findings of a publication, by rule in the order they were looked at."""
    rules = {rule.id: rule for rule in declared_rules(contract)}
    return tuple(
        _declared(rules[rule_id], publication.checked, failed)
        if rule_id in rules
        else _against_key(rule_id, publication.checked, failed)
        for rule_id, failed in publication.findings.items()
    )


def _declared(rule: Rule, checked: int, failed: int) -> RuleResult:
    return RuleResult(
        rule_id=rule.id,
        expectation=rule.expectation,
        column=rule.column,
        dimension=rule.dimension,
        severity=rule.severity,
        tolerance=rule.tolerance,
        evaluated=checked,
        failed=failed,
        passed=within_tolerance(failed, checked, rule.tolerance),
    )


def _against_key(rule_id: RuleId, checked: int, failed: int) -> RuleResult:
    """A key that is published already: with other values, or more recently."""
    return RuleResult(
        rule_id=rule_id,
        expectation=rule_id,
        column=None,
        dimension=Dimension.UNIQUENESS if rule_id == KEY_CLASH else Dimension.TIMELINESS,
        severity=Severity.WARNING,
        tolerance=0.0,
        evaluated=checked,
        failed=failed,
        passed=failed == 0,
    )
