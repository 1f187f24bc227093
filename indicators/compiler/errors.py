"""What a question for indicators is refused with.

UserError
├── DimensionTaken a dimension is called like a column of the answer
├── GrainUnfit     the periods asked for are finer than the indicator's, or cut through them
├── LevelUnfit     places of that level are not told of
├── NestedWindow   a window stands over a window, which no checked definition has
└── NotAdditive    the indicator may not be put together along what the question leaves out
"""

from catalog.errors import UserError


class DimensionTaken(UserError):
    code = "DIMENSION_TAKEN"
    zh = "维度 {dimension} 与结果中的列同名；请写明数据集（数据集.{dimension}）。"
    en = "The dimension {dimension} is called like a column of the answer. Name its data set, too."


class GrainUnfit(UserError):
    code = "GRAIN_UNFIT"
    zh = "指标 {indicator} 不能按 {grain} 查询：{reason_zh}。"
    en = "Indicator {indicator} cannot be asked by {grain}: {reason}."


class LevelUnfit(UserError):
    code = "LEVEL_UNFIT"
    zh = "指标 {indicator} 不能查询到 {level} 级；最低为 {lowest} 级。"
    en = "Indicator {indicator} tells of no places of level {level}. Ask for {lowest} or a coarser level."


class NotAdditive(UserError):
    code = "NOT_ADDITIVE"
    zh = "指标 {indicator} 不能沿 {dimension} 汇总；请按声明的口径查询。"
    en = "Indicator {indicator} may not be put together along {dimension}. Ask for it as it is declared."


class NestedWindow(UserError):
    code = "NESTED_WINDOW"
    zh = "指标 {indicator} 在累计（滚动）口径上再次累计；请直接引用被累计的指标。"
    en = "Indicator {indicator} has a window over a window. Name what the inner one counts instead."
