"""What goes wrong between a caller's field and the live service behind it.

UserError
└── InterfaceError               one interface's field is null and says why; the rest of the reply stands
    ├── InterfaceTimeout         no whole answer within the declared time
    ├── InterfaceUnavailable     cannot be reached, fails, or is left alone until the breaker tries again
    ├── InterfaceAnswerInvalid   what came back is not what the provider's document promises
    ├── InterfaceBusy            the provider's quota is spent, or too many calls are under way
    ├── InterfaceArgument        an argument that the contract or the provider does not accept
    └── InterfaceLiveOnly        asked together with asOf: a live service has no past

`problem` of a `CallFailed` is for the operator alone: the log and the interface's standing.
"""

from typing import ClassVar

from catalog.errors import UserError


class InterfaceError(UserError):
    pass


class InterfaceTimeout(InterfaceError):
    code = "INTERFACE_TIMEOUT"
    zh = "服务接口“{title}”未在 {seconds} 秒内完整应答。请稍后重试。"
    en = "The interface {interface} did not answer whole within {seconds} seconds. Try again later."


class InterfaceUnavailable(InterfaceError):
    code = "INTERFACE_UNAVAILABLE"
    zh = "服务接口“{title}”暂时不可用，{again_zh}。其他字段不受影响。"
    en = "The interface {interface} is not available; {again}. Other fields are not affected."


class InterfaceAnswerInvalid(InterfaceError):
    code = "INTERFACE_ANSWER_INVALID"
    zh = "服务接口“{title}”的应答不符合其契约，已拒收。请提供请求编号联系运维人员。"
    en = "What the interface {interface} answered does not fit its contract and was refused. Quote the request id to the operator."


class InterfaceBusy(InterfaceError):
    code = "INTERFACE_BUSY"
    zh = "服务接口“{title}”的调用额度或并发已用完，请在 {seconds} 秒后重试。"
    en = "The interface {interface} takes no more calls now. Try again in {seconds} seconds."


class InterfaceArgument(InterfaceError):
    code = "INTERFACE_ARGUMENT_INVALID"
    zh = "服务接口“{title}”不接受参数 {argument}：{problem_zh}。"
    en = "The interface {interface} does not accept the argument {argument}: {problem}."


class InterfaceLiveOnly(InterfaceError):
    code = "INTERFACE_LIVE_ONLY"
    zh = "服务接口只有当前的应答，不能与 asOf 用在同一操作中。请把 {interface} 放在另一个操作里。"
    en = "A live interface has no past: {interface} cannot be asked in one operation with asOf. Ask it in another."


class CallFailed(Exception):
    """A call that the provider answered wrongly or not at all; `problem` holds no value of an answer."""

    counts: ClassVar[bool] = True
    """Whether it is the provider's failure."""

    def __init__(self, problem: str, *, of_question: bool = False) -> None:
        """`of_question`: another question may well be answered, so the breaker is left alone; else one
        caller's arguments would keep all others from the service.
        """
        super().__init__(problem)
        self.problem = problem
        self.of_question = of_question


class NotReached(CallFailed):
    """Refused, unknown host, TLS, reset, a status that says the service is down or refuses us."""


class WronglyAnswered(CallFailed):
    """A redirect, another content type, too long, no JSON, not as the document says."""


class ArgumentsRefused(CallFailed):
    """400, 422 and too long: the provider works, the caller asked for something it does not take."""

    counts = False


class ProviderBusy(CallFailed):
    """429: the provider works and wants to be left alone for `after` seconds."""

    counts = False

    def __init__(self, problem: str, after: float) -> None:
        super().__init__(problem)
        self.after = after
