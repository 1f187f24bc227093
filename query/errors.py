"""What the query compiler refuses.

UserError
├── UnknownField             no such field, or not granted: the two read the same
├── AliasClash               two names in one selection differ only in upper and lower case
├── WrongValue               a filter's value does not fit its column
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


class InvalidDerivation(UserError):
    code = "DERIVATION_INVALID"
    zh = "融合数据 {data_set} 的 SQL 不合规：{problem}"
    en = "The SQL of the derived data set {data_set} is not allowed: {problem}"


class UnlockedStatement(SystemFault):
    code = "INTERNAL"
