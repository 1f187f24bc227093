"""One short transaction that makes a checked batch the new version of its data set.

The batch is a view on its Parquet file; rows that only published data can refuse are set apart; the
rest goes in by the contract's mode. Append adds new keys (a known key with other values is a conflict,
with the same values a repetition); upsert replaces known keys; snapshot also ends the keys that are
missing, but not those that arrived in rows set apart: their last good version stays. What a version
supersedes moves to `<set>__past`. The publication row is written last and commits with the data.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from catalog.contracts import PublishMode, Severity
from catalog.ids import DatasetCode, LoadId, RuleId, Seq
from catalog.predicate import Scalar
from query.print import duckdb_text
from query.statement import current_table, identifier
from warehouse.engine import LoadPlan, Publication, ReferenceRule
from warehouse.errors import BatchRejected, InputNotPublished
from warehouse.tables import Run, names_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY_CLASH, OVERTAKEN_ID = RuleId("key_clash"), RuleId("overtaken")
STAGE = "CREATE OR REPLACE TEMP VIEW hub_stage AS SELECT * FROM read_parquet({rows})"
WITHOUT_UNFIT = """CREATE OR REPLACE TEMP VIEW hub_stage AS SELECT * FROM read_parquet({rows})
    WHERE _row NOT IN (SELECT _row FROM hub_unfit)"""
UNFIT = (
    "CREATE OR REPLACE TEMP TABLE hub_unfit (_row BIGINT, rule_id VARCHAR, zh VARCHAR, en VARCHAR)"
)
CLASHES = """INSERT INTO hub_unfit
    SELECT s._row, $rule, $zh, $en FROM hub_stage s JOIN {current} c ON {same_key} WHERE {differs}"""
OVERTAKEN = """INSERT INTO hub_unfit
    SELECT s._row, $rule, $zh, $en FROM hub_stage s JOIN {current} c ON {same_key}
    WHERE c._seq > (SELECT coalesce(max(seq), 0) FROM hub.publication WHERE published_at <= $until)"""
UNREFERENCED = """INSERT INTO hub_unfit
    SELECT s._row, $rule, $zh, $en FROM hub_stage s
    WHERE {given} AND NOT EXISTS (SELECT 1 FROM {target} t WHERE {pairs})"""
STAGED = "SELECT count(*) FROM hub_stage"
FAILING = "SELECT count(*) FROM hub_unfit WHERE rule_id = $rule"
FORGIVE = "DELETE FROM hub_unfit WHERE rule_id = $rule"
WRITE_UNFIT = """COPY (
    SELECT _row, list(struct_pack(rule_id := rule_id, "column" := NULL::VARCHAR,
        reason_zh := zh, reason_en := en) ORDER BY rule_id) AS reasons
    FROM hub_unfit GROUP BY _row ORDER BY _row
) TO {path} (FORMAT parquet)"""
END_CHANGED = """INSERT INTO {past}
    SELECT {columns_of_c}, c._seq, $seq FROM hub_stage s JOIN {current} c ON {same_key} WHERE {differs}"""
ARRIVED = "CREATE OR REPLACE TEMP VIEW hub_arrived AS SELECT {key} FROM read_parquet({rows})"
AND_WITHHELD = " UNION ALL SELECT {key} FROM read_parquet({withheld})"
END_MISSING = """INSERT INTO {past}
    SELECT {columns}, _seq, $seq FROM {current} c
    WHERE NOT EXISTS (SELECT 1 FROM hub_arrived s WHERE {same_key})"""
DELETE_ENDED = """DELETE FROM {current} c USING {past} s WHERE {same_key} AND s._to_seq = $seq"""
STANDING = """CREATE OR REPLACE TEMP TABLE hub_standing AS
    SELECT _row FROM hub_stage SEMI JOIN {current} USING ({key})"""
INSERT_NEW = """INSERT INTO {current} ({columns}, _seq)
    SELECT {columns}, $seq FROM hub_stage ANTI JOIN hub_standing USING (_row)"""
COUNT = "SELECT count(*) FROM {current}"
RECORD = """INSERT INTO hub.publication VALUES
    ($seq, $data_set, $load_id, $digest, $at, $added, $changed, $removed, $rejected, $rows,
        $checked, $findings)"""
PUBLICATIONS = """SELECT seq, data_set, load_id, digest, epoch_us(published_at), added, changed, removed,
    rejected, "rows", checked, findings FROM hub.publication"""
KNOWN = "SELECT count(*) FROM hub.publication WHERE data_set = $target"
NEXT_SEQ = "SELECT coalesce(max(seq), 0) + 1 FROM hub.publication"


def publish(plan: LoadPlan, run: Run, at: datetime) -> Publication:
    """Do it all on an open transaction; the caller commits, or rolls back when it raises."""
    contract, names = plan.contract, names_of(plan.contract)
    seq = Seq(_number(run(NEXT_SEQ)))
    run(STAGE.format(rows=_text(str(plan.rows))))
    checked = _number(run(STAGED))
    findings = _find_unfit(plan, names, checked, run)
    plan.unfit.unlink(missing_ok=True)  # of an earlier attempt that did not get to its commit
    rejected = _set_unfit_apart(plan, run) if any(findings.values()) else 0
    changed = removed = 0
    if contract.publish_mode is not PublishMode.APPEND:
        changed = _number(run(END_CHANGED.format(**names), {"seq": seq}))
        if contract.publish_mode is PublishMode.SNAPSHOT and plan.whole:
            removed = _end_missing(plan, names, seq, run)
        if changed or removed:
            run(DELETE_ENDED.format(**names), {"seq": seq})
    run(STANDING.format(**names))
    inserted = _number(run(INSERT_NEW.format(**names), {"seq": seq}))
    publication = Publication(
        seq=seq,
        data_set=contract.data_set,
        load_id=plan.load_id,
        digest=plan.digest,
        published_at=at,
        added=inserted - changed,
        changed=changed,
        removed=removed,
        rejected=rejected,
        rows=_number(run(COUNT.format(**names))),
        checked=checked,
        findings=findings,
    )
    run(RECORD, _recorded(publication))
    return publication


def publication(row: Sequence[Scalar]) -> Publication:
    """A row of PUBLICATIONS as a value."""
    seq, data_set, load_id, digest, at, *counts, findings = row
    added, changed, removed, rejected, rows, checked = (int(str(count)) for count in counts)
    return Publication(
        seq=Seq(int(str(seq))),
        data_set=DatasetCode(str(data_set)),
        load_id=LoadId(str(load_id)),
        digest=str(digest),
        published_at=EPOCH + timedelta(microseconds=int(str(at))),
        added=added,
        changed=changed,
        removed=removed,
        rejected=rejected,
        rows=rows,
        checked=checked,
        findings=json.loads(str(findings)),
    )


def _find_unfit(
    plan: LoadPlan, names: Mapping[str, str], checked: int, run: Run
) -> dict[RuleId, int]:
    """Collect the staged rows that published data speaks against; how many by rule."""
    run(UNFIT)
    findings = {}
    for rule in plan.references:
        failed = _find_unreferenced(plan, rule, run)
        findings[rule.rule_id] = failed
        too_many = failed > Fraction(str(rule.tolerance)) * checked
        if rule.severity is Severity.CRITICAL and too_many:
            raise BatchRejected(load_id=plan.load_id, rules=rule.rule_id)
        if rule.severity is Severity.INFO:
            run(FORGIVE, {"rule": rule.rule_id})
    if plan.contract.publish_mode is PublishMode.APPEND:
        run(
            CLASHES.format(**names),
            {
                "rule": KEY_CLASH,
                "zh": "主键已有不同内容的记录：请核对后以更正方式报送。",
                "en": "The key is already published with other values: check and send a correction.",
            },
        )
        findings[KEY_CLASH] = _number(run(FAILING, {"rule": KEY_CLASH}))
    elif plan.known_until is not None:
        run(
            OVERTAKEN.format(**names),
            {
                "rule": OVERTAKEN_ID,
                "zh": "该主键此后已发布更新的记录：放行的旧记录不再采用。",
                "en": "A newer row was published under this key since: the released one is not used.",
                "until": plan.known_until,
            },
        )
        findings[OVERTAKEN_ID] = _number(run(FAILING, {"rule": OVERTAKEN_ID}))
    return findings


def _find_unreferenced(plan: LoadPlan, rule: ReferenceRule, run: Run) -> int:
    if not _number(run(KNOWN, {"target": rule.target})):
        raise InputNotPublished(f"{plan.contract.data_set} refers to {rule.target}")
    pairs = zip(rule.columns, rule.target_columns, strict=True)
    run(
        UNREFERENCED.format(
            given=" AND ".join(f"s.{identifier(name)} IS NOT NULL" for name in rule.columns),
            target=duckdb_text(current_table(rule.target)),
            pairs=" AND ".join(f"s.{identifier(o)} = t.{identifier(t)}" for o, t in pairs),
        ),
        {
            "rule": rule.rule_id,
            "zh": f"{'、'.join(rule.columns)} 在 {rule.target} 中不存在：请先补登或改正编码。",
            "en": f"{', '.join(rule.columns)} is not in {rule.target}: "
            "register it there or mend the code.",
        },
    )
    return _number(run(FAILING, {"rule": rule.rule_id}))


def _set_unfit_apart(plan: LoadPlan, run: Run) -> int:
    """Write the collected rows' reasons and take them out of the stage; how many rows."""
    unfit = _number(run("SELECT count(DISTINCT _row) FROM hub_unfit"))
    if unfit:
        run(WRITE_UNFIT.format(path=_text(str(plan.unfit))))
        with plan.unfit.open("rb") as file:
            os.fsync(file.fileno())  # what is set apart is safe before the rest is served
        run(WITHOUT_UNFIT.format(rows=_text(str(plan.rows))))
    return unfit


def _end_missing(plan: LoadPlan, names: Mapping[str, str], seq: Seq, run: Run) -> int:
    """How many keys a snapshot does not have."""
    arrived = ARRIVED.format(**names, rows=_text(str(plan.rows)))
    if plan.withheld is not None:
        arrived += AND_WITHHELD.format(**names, withheld=_text(str(plan.withheld)))
    run(arrived)
    return _number(run(END_MISSING.format(**names), {"seq": seq}))


def _recorded(publication: Publication) -> dict[str, Scalar]:
    return {
        "seq": publication.seq,
        "data_set": publication.data_set,
        "load_id": publication.load_id,
        "digest": publication.digest,
        "at": publication.published_at,
        "added": publication.added,
        "changed": publication.changed,
        "removed": publication.removed,
        "rejected": publication.rejected,
        "rows": publication.rows,
        "checked": publication.checked,
        "findings": json.dumps(publication.findings),
    }


def _number(rows: list[tuple[Scalar, ...]]) -> int:
    return int(str(rows[0][0]))


def _text(value: str) -> str:
    """A string literal, for the few places that take no parameter."""
    return "'" + value.replace("'", "''") + "'"
