"""What alerts say when something cannot be done; each sentence says what to do next.

UserError
├── ScalesDiffer             levels of two scales were to be compared
├── UnknownAlert
├── UnknownSilence
├── UnknownAssignee          nobody has the code that an alert was to be given to
├── AlertRefused             the alert is over
└── SilenceRefused           a silence without a reason, or whose time cannot be
"""

from catalog.errors import UserError


class ScalesDiffer(UserError):
    code = "SCALES_DIFFER"
    zh = "“{one}”与“{other}”是两套等级，颜色相同含义不同，不能比较；请分别列出。"
    en = (
        "{one} and {other} are two scales; the same colour means different things. List them apart."
    )


class UnknownAlert(UserError):
    code = "UNKNOWN_ALERT"
    zh = "没有编号为 {alert} 的预警。"
    en = "No alert has the number {alert}. List the alerts you may see."


class UnknownSilence(UserError):
    code = "UNKNOWN_SILENCE"
    zh = "没有编号为 {silence} 的静默。"
    en = "No silence has the number {silence}. List those in force."


class UnknownAssignee(UserError):
    code = "UNKNOWN_ASSIGNEE"
    zh = "没有编码为 {organisation} 的部门，不能指派给它。"
    en = "No organisation has the code {organisation}, so nothing can be assigned to it."


class AlertRefused(UserError):
    code = "ALERT_STATE"
    zh = "预警 {alert} 目前为“{state_zh}”，不能办理“{action_zh}”。"
    en = "Alert {alert} is {state}, so {action} is not possible; only live ones are dealt with."


class SilenceRefused(UserError):
    code = "SILENCE_INVALID"
    zh = "静默无法设立：{problem_zh}。"
    en = "The silence cannot be: {problem}."
