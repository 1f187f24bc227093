"""How the live services do: for their own stewards, for the operator and for auditors.

Figures count from the hub's start; what went wrong last is told to operators alone.
"""

from datetime import datetime

import strawberry

from access.principal import Principal
from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.contracts import Contract, Level, camel
from catalog.sharing.provision import provider_of
from connectors.calling.breaker import Phase
from connectors.calling.standing import InterfaceStanding
from schema.context import Info
from schema.core.offer import to

SEE_ALL = (Capability.READ_USAGE, Capability.MANAGE_SOURCES)
strawberry.enum(
    Phase,
    name="BreakerPhase",
    description="熔断状态：闭合、断开、半开（试探）。Closed lets calls pass, open none, half open one on trial.",
)


@strawberry.type(description="某种结果的次数。How often a call came to this.")
class CallOutcome:
    code: str = strawberry.field(description="OK 或错误代码。OK, or an error's code.")
    calls: int


@strawberry.type(description="服务接口的运行情况。How a live interface does.")
class InterfaceHealth:
    name: str = strawberry.field(description="查询字段名。")
    title: str
    provider: str
    level: Level
    phase: Phase
    tried_again_at: datetime | None = strawberry.field(
        description="断开时，何时再次尝试。When it is tried again; null while closed."
    )
    since: datetime = strawberry.field(description="统计自何时起。The figures count from here.")
    calls: int = strawberry.field(description="实际调用次数。Calls that reached for the provider.")
    failures: int = strawberry.field(
        description="其中失败的次数。Of these, failed at the provider."
    )
    availability: float | None = strawberry.field(
        description="可用率＝（调用－失败）／调用。Answered calls of all; null when there were none."
    )
    from_cache: int = strawberry.field(
        description="由缓存或合并应答的次数。Answered without a call of their own."
    )
    refused: int = strawberry.field(
        description="因额度、并发或熔断未发出的次数。Held back by quota, slots or the breaker."
    )
    outcomes: list[CallOutcome]
    mean_seconds: float | None
    longest_seconds: float | None
    last_failure_at: datetime | None
    last_problem: str | None = strawberry.field(
        description="最近一次失败的原因，仅运维可见。Why it failed last; for operators alone."
    )


async def interface_health(info: Info) -> list[InterfaceHealth]:
    """服务接口的可用率与调用情况：本部门的，运维与审计可见全部。Availability and figures of the live
    interfaces: one's own department's; all of them for operators and auditors.
    """
    services, principal = info.context.services, info.context.principal
    catalogue = services.catalogue()
    return [
        _view(contract, services.interfaces.standing(contract), principal)
        for contract in _visible(principal, catalogue)
    ]


QUERIES = to(Capability.READ_LOADS, interface_health)


def _visible(principal: Principal, catalogue: Catalogue) -> list[Contract]:
    everything = any(principal.may(capability) for capability in SEE_ALL)
    return [
        contract
        for code, contract in sorted(catalogue.interfaces.items())
        if everything or provider_of(catalogue, code) == principal.organisation
    ]


def _view(contract: Contract, standing: InterfaceStanding, principal: Principal) -> InterfaceHealth:
    operates = principal.may(Capability.MANAGE_SOURCES)
    return InterfaceHealth(
        name=camel(contract.data_set),
        title=contract.title,
        provider=contract.provider,
        level=contract.level,
        phase=standing.phase,
        tried_again_at=standing.tried_again_at,
        since=standing.since,
        calls=standing.calls,
        failures=standing.failures,
        availability=standing.availability,
        from_cache=standing.cached,
        refused=standing.refused,
        outcomes=[CallOutcome(code=c, calls=n) for c, n in sorted(standing.outcomes.items())],
        mean_seconds=standing.mean_seconds,
        longest_seconds=standing.longest_seconds,
        last_failure_at=standing.last_failure_at,
        last_problem=standing.last_problem if operates else None,
    )
