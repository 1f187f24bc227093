"""What the query compiler refuses.

UserError
├── UnknownField             no such field, or not granted: the two read the same
├── AliasClash               two names in one selection differ only in upper and lower case
├── WrongValue               a filter's value does not fit its column
├── GroupKeyUnfit            a column cannot be grouped by in the way that was asked
├── GroupKeyMissing          a key is shown or ordered by, but not grouped by
├── MeasureUnfit             a measure has no meaning for its column, or its grant does not allow it
├── GroupsOfThePast          small groups answer once and for now: no `asOf`, no subscription
├── CursorInvalid            not a cursor of this list, in this order, for this caller
├── InvalidDerivation        a derived data set's SQL is not one SELECT over its declared inputs
SystemFault
└── UnlockedStatement        the second lock found something the compiler must never produce
"""

from catalog.errors import SystemFault, UserError


class UnknownField(UserError):
    code = "UNKNOWN_FIELD"
    zh = "{data_set} 没有字段 {field}。"
    en = "{data_set} has no field {field}. Look at the schema for the fields you may use."


class AliasClash(UserError):
    code = "ALIAS_CLASH"
    zh = "别名 {first} 与 {second} 只有大小写不同，请改其中一个。"
    en = "The aliases {first} and {second} differ only in case; rename one."


class WrongValue(UserError):
    code = "WRONG_VALUE"
    zh = "{field} 不接受值 {value}。"
    en = "{field} does not take the value {value}."


class GroupKeyUnfit(UserError):
    code = "GROUP_KEY_UNFIT"
    zh = "groupBy 中的 {field} 不能这样分组：{problem_zh}。"
    en = "{field} in groupBy cannot be grouped by like that: it {problem}."


class GroupKeyMissing(UserError):
    code = "GROUP_KEY_MISSING"
    zh = "{field} 不在 groupBy 中，不能作为分组键选取或排序。"
    en = "{field} is not in groupBy, so no group has one. Add it there, or leave it out."


class MeasureUnfit(UserError):
    code = "MEASURE_UNFIT"
    zh = "{field} 不能计算 {measure}。"
    en = "{field} has no {measure}. Look at the schema for the measures it has."


class GroupsOfThePast(UserError):
    code = "GROUPS_OF_THE_PAST"
    zh = "{data_set} 的汇总受最小分组保护，只按当前版本逐次作答：请去掉 asOf，也不要订阅。"
    en = "Aggregates of {data_set} have a least group size and answer once and for now: leave out asOf, do not subscribe."


class CursorInvalid(UserError):
    code = "CURSOR_INVALID"
    zh = "{argument} 不是此列表可用的游标。游标只能用于给出它的同一列表、同一 orderBy 与同一授权；请从第一页重新开始。"
    en = (
        "{argument} is no cursor of this list. A cursor is good for the list, the orderBy and the "
        "grant that gave it; start again from the first page."
    )


class InvalidDerivation(UserError):
    code = "DERIVATION_INVALID"
    zh = "融合数据 {data_set} 的 SQL 不合规：{problem}"
    en = "The SQL of the derived data set {data_set} is not allowed: {problem}"


class UnlockedStatement(SystemFault):
    code = "INTERNAL"
