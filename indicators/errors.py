"""What alerts say when something cannot be done; each sentence says what to do next.

UserError
└── ScalesDiffer             levels of two scales were to be compared
"""

from catalog.errors import UserError


class ScalesDiffer(UserError):
    code = "SCALES_DIFFER"
    zh = "“{one}”与“{other}”是两套等级，颜色相同含义不同，不能比较；请分别列出。"
    en = (
        "{one} and {other} are two scales; the same colour means different things. List them apart."
    )
