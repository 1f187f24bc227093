"""Quality of a load: what each rule found, the rows set apart, and what people decided or signed.

Values of rows set apart are for the publisher and the steward of the organisation that provides them;
everybody else, and the report that is one file, gets masked samples.
"""

from datetime import datetime

import strawberry

from access.principal import Principal
from access.roles import Capability
from catalog.contracts import Contract, Dimension, Severity, camel
from catalog.ids import DatasetCode, LoadId
from catalog.sharing.provision import provider_of
from jobs import audit
from jobs.queue import Place
from quality.quarantine import QuarantinedRow
from quality.record import QualityRecord, RecordedRun, RecordedSignOff, RowFate, SignOffDecision
from quality.report import html_report
from quality.verdict import Decision, EngineName, RowRef
from schema.context import Info, Services, blocking
from schema.core.loads import visible_load
from schema.core.offer import to
from schema.core.page import page


@strawberry.type(description="一条规则的结果。What one rule found.")
class RuleOutcome:
    rule: str
    expectation: str
    column: str | None
    dimension: Dimension
    severity: Severity
    tolerance: float
    evaluated: int
    failed: int
    passed: bool
    observed: str | None
    engine: EngineName


@strawberry.type(description="审计签认。An auditor's sign-off.")
class QualitySignOff:
    auditor: str
    decision: SignOffDecision
    comment: str
    at: datetime
    valid: bool = strawberry.field(
        description="签认的入库检查结果此后未变（不含其后的独立审计）。"
        "The signed results of the gate still stand; what an audit found is not part of them."
    )


async def _html(root: strawberry.Parent["QualityReport"], info: Info) -> str:
    services, principal = info.context.services, info.context.principal
    load_id = LoadId(root.load)

    def written() -> str:
        contract = _contract_of(services, principal, load_id)
        provider = services.catalogue().organisations[contract.provider]
        return html_report(
            contract,
            services.quality.run(load_id),
            provider=provider.name,
            quarantine=services.quality.quarantine(load_id, contract),
            decisions=services.quality.row_decisions(load_id),
            sign_offs=services.quality.sign_offs(load_id),
            made_at=services.clock.now(),
        )

    return await blocking(written)


@strawberry.type(description="一次装载的质量报告。The quality report of a load.")
class QualityReport:
    load: str
    data_set: str
    contract_version: str
    decision: Decision
    rows: int
    good: int
    rejected: int
    score: float
    grade: str
    checked_at: datetime
    digest: str = strawberry.field(
        description="入库检查结果的摘要（不含独立审计），签认时须写。"
        "What a sign-off names: a digest of what the gate found, not of an audit beside it."
    )
    results: list[RuleOutcome]
    sign_offs: list[QualitySignOff]
    html: str = strawberry.field(
        resolver=_html, description="单个自包含的 HTML 文件。One self-contained HTML file."
    )


@strawberry.type(
    description="一个值，按来源写法；脱敏时只见形状，重要列已隐去。"
    "A value as the source wrote it, or its shape in a masked page."
)
class SourceValue:
    column: str
    value: str | None


@strawberry.type(description="隔离原因。Why a row was set apart.")
class QuarantineReason:
    rule: str
    column: str | None
    message: str
    message_en: str


@strawberry.type(description="隔离的一行。A row that was set apart.")
class QuarantineRow:
    file: str
    line: int
    values: list[SourceValue]
    reasons: list[QuarantineReason]
    releasable: bool
    fate: RowFate | None = strawberry.field(description="已作的处置。What was decided.")


@strawberry.type(description="隔离区的一页。A page of the quarantine.")
class QuarantinePage:
    total: int
    masked: bool = strawberry.field(
        description="值只显示形状：字母 x、汉字 字、数字 9。Values are shown as their shape."
    )
    rows: list[QuarantineRow]


@strawberry.input(description="隔离行的位置。Where a row stands in its source.")
class RowPosition:
    file: str
    line: int


@strawberry.type(description="对一行的处置。What was decided on a row.")
class RowDecision:
    file: str
    line: int
    decision: RowFate
    by: str
    why: str
    at: datetime


async def quality_report(info: Info, load_id: str) -> QualityReport:
    """一次装载的质量报告。The quality report of a load."""
    services, principal = info.context.services, info.context.principal

    def found() -> QualityReport:
        visible_load(services, principal, LoadId(load_id))
        return _report(services.quality, services.quality.run(LoadId(load_id)))

    return await blocking(found)


async def quarantine(info: Info, load_id: str, limit: int = 50, offset: int = 0) -> QuarantinePage:
    """一次装载中被隔离的行，含文件与行号；仅提供部门可见其值，其他人见脱敏样例。The rows of a load
    that were set apart: values for their provider, masked samples for everybody else.
    """
    start, end = page(limit, offset)
    services, principal = info.context.services, info.context.principal

    def found() -> QuarantinePage:
        contract = _contract_of(services, principal, LoadId(load_id))
        shown = services.quality.quarantine(
            LoadId(load_id),
            contract,
            masked=not _may_see_values(services, principal, contract),
            offset=start,
            limit=end - start,
        )
        decisions = services.quality.row_decisions(LoadId(load_id))
        fates = {decision.row: decision.decision for decision in decisions}
        return QuarantinePage(
            total=shown.total,
            masked=shown.masked,
            rows=[_row(row, fates.get(row.row)) for row in shown.rows],
        )

    return await blocking(found)


async def release_rows(
    info: Info, load_id: str, rows: list[RowPosition], why: str
) -> list[RowDecision]:
    """放行隔离行，须写明理由；将作为新的装载发布。Release rows; they return as a load of their own."""
    return await _decide(info, load_id, rows, RowFate.RELEASED, why)


async def discard_rows(
    info: Info, load_id: str, rows: list[RowPosition], why: str
) -> list[RowDecision]:
    """作废隔离行，须写明理由。Discard rows, with the reason."""
    return await _decide(info, load_id, rows, RowFate.DISCARDED, why)


async def sign_off(
    info: Info, load_id: str, decision: SignOffDecision, digest: str, comment: str = ""
) -> QualitySignOff:
    """签认质量报告；digest 为所见报告的摘要。Sign the report whose digest was seen."""
    services, principal = info.context.services, info.context.principal

    def sign() -> QualitySignOff:
        visible_load(services, principal, LoadId(load_id))
        return _signed(
            services.quality.sign_off(LoadId(load_id), principal.client, decision, comment, digest)
        )

    return await blocking(sign)


async def request_audit(info: Info, load_id: str) -> bool:
    """请求独立审计：由第二个执行引擎复查已发布的行，结果稍后出现在质量报告中。

    Have a second engine look at the published rows; its results join the report a little later.
    """
    services, principal = info.context.services, info.context.principal

    def ask() -> bool:
        load = LoadId(visible_load(services, principal, LoadId(load_id)).id)
        services.quality.run(load)
        services.queue.ask(audit.KIND, Place.HEAVY, f"audit {load}", {"load": load})
        return True

    return await blocking(ask)


QUERIES = to(Capability.READ_QUALITY, quality_report) + to(Capability.READ_QUARANTINE, quarantine)
MUTATIONS = to(Capability.DECIDE_QUARANTINE, release_rows, discard_rows) + to(
    Capability.SIGN_OFF, sign_off, request_audit
)


async def _decide(
    info: Info, load_id: str, rows: list[RowPosition], fate: RowFate, why: str
) -> list[RowDecision]:
    services, principal = info.context.services, info.context.principal
    wanted = [RowRef(row.file, row.line) for row in rows]

    def decide() -> list[RowDecision]:
        contract = _contract_of(services, principal, LoadId(load_id))
        decided = services.quality.decide_rows(
            LoadId(load_id), contract, wanted, fate, principal.client, why
        )
        return [
            RowDecision(
                file=d.row.file,
                line=d.row.line,
                decision=d.decision,
                by=d.by,
                why=d.why,
                at=d.at,
            )
            for d in decided
        ]

    return await blocking(decide)


def _contract_of(services: Services, principal: Principal, load_id: LoadId) -> Contract:
    row = visible_load(services, principal, load_id)
    return services.catalogue().contracts[DatasetCode(row.data_set)]


def _may_see_values(services: Services, principal: Principal, contract: Contract) -> bool:
    provider = provider_of(services.catalogue(), contract.data_set)
    return principal.may(Capability.READ_REJECTED_ROWS) and principal.organisation == provider


def _report(quality: QualityRecord, run: RecordedRun) -> QualityReport:
    return QualityReport(
        load=run.load_id,
        data_set=camel(run.data_set),
        contract_version=run.contract_version,
        decision=run.decision,
        rows=run.rows,
        good=run.good,
        rejected=run.rejected,
        score=run.score.score,
        grade=run.score.grade,
        checked_at=run.at,
        digest=run.digest,
        results=[
            RuleOutcome(
                rule=r.rule_id,
                expectation=r.expectation,
                column=camel(r.column) if r.column else None,
                dimension=r.dimension,
                severity=r.severity,
                tolerance=r.tolerance,
                evaluated=r.evaluated,
                failed=r.failed,
                passed=r.passed,
                observed=r.observed,
                engine=r.engine,
            )
            for r in run.results
        ],
        sign_offs=[_signed(signature) for signature in quality.sign_offs(run.load_id)],
    )


def _signed(signature: RecordedSignOff) -> QualitySignOff:
    return QualitySignOff(
        auditor=signature.auditor,
        decision=signature.decision,
        comment=signature.comment,
        at=signature.at,
        valid=signature.valid,
    )


def _row(row: QuarantinedRow, fate: RowFate | None) -> QuarantineRow:
    return QuarantineRow(
        file=row.row.file,
        line=row.row.line,
        values=[SourceValue(column=camel(n), value=v) for n, v in row.values.items()],
        reasons=[
            QuarantineReason(
                rule=r.rule_id,
                column=camel(r.column) if r.column else None,
                message=r.zh,
                message_en=r.en,
            )
            for r in row.reasons
        ],
        releasable=row.releasable,
        fate=fate,
    )
