"""What indicators say when something is wrong.

UserError
├── UnknownIndicator       no indicator has the code, or none is in force then
├── UnknownColumn          no data set of that name with that column is shared
├── JoinRefused            the column cannot be taken into account for these rows
│   ├── FanOut                 a step would find several rows for one
│   ├── NoJoin                 no relation leads there
│   └── AmbiguousJoin          several do
├── IndicatorRefused       the version's state does not allow the action
├── IndicatorIncomplete    the action needs a reason
├── IngredientsUncertified  it is made of indicators that are not certified
└── IndicatorInUse         others are made of it
"""

from catalog.errors import UserError


class UnknownIndicator(UserError):
    code = "UNKNOWN_INDICATOR"
    zh = "没有编码为 {indicator} 的体征指标，或当时尚未生效。"
    en = "No indicator has the code {indicator}, or none is in force then. Search the catalogue for it."


class UnknownColumn(UserError):
    code = "UNKNOWN_COLUMN"
    zh = "没有数据集 {data_set} 的字段 {column}，或该字段不共享。"
    en = "No data set {data_set} with the column {column} is shared. Check the names in its contract."


class JoinRefused(UserError):
    """Each of its kinds has its own code."""


class FanOut(JoinRefused):
    code = "FAN_OUT"
    zh = "从 {source} 到 {target} 会放大行数：{many}.{key} 使 {one} 的一行对应多行；请以 {target} 的行为计算口径。"
    en = "From {source} to {target} rows would be counted several times: {many}.{key} has many rows for one of {one}. Measure the rows of {target} instead."


class NoJoin(JoinRefused):
    code = "NO_JOIN"
    zh = "没有从 {source} 到 {target} 的关联；请在数据契约中声明，或使用其他字段。"
    en = "No relation leads from {source} to {target}. Declare one in the contract, or use another column."


class AmbiguousJoin(JoinRefused):
    code = "AMBIGUOUS_JOIN"
    zh = "从 {source} 到 {target} 有多条关联（{relations}）；请用 via 指明。"
    en = "Several relations lead from {source} to {target} ({relations}). Name the ones to take under via."


class IndicatorRefused(UserError):
    code = "INDICATOR_STATE"
    zh = "指标 {indicator} 第 {version} 版目前为“{state_zh}”，不能办理“{action_zh}”；可办理：{possible_zh}。"
    en = "Version {version} of indicator {indicator} is {state}, so {action} is not possible; possible: {possible}."


class IndicatorIncomplete(UserError):
    code = "INDICATOR_INCOMPLETE"
    zh = "指标 {indicator} 的“{action_zh}”须说明理由。"
    en = "To {action} indicator {indicator}, give a reason."


class IngredientsUncertified(UserError):
    code = "INDICATOR_INGREDIENTS"
    zh = "指标 {indicator} 由尚未认证的指标构成；请先认证 {ingredients}。"
    en = "Indicator {indicator} is made of indicators that are not certified. Certify {ingredients} first."


class IndicatorInUse(UserError):
    code = "INDICATOR_IN_USE"
    zh = "指标 {users} 由指标 {indicator} 构成；请先停用或修改它们。"
    en = "Indicators {users} are made of {indicator}. Retire or change them first."
