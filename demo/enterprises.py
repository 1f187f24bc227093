"""The ministry's look-up of registered enterprises: `GET /v1/enterprises/{code}`, 404 when unknown.

Every enterprise is made up; the codes have the form of a unified social credit code and belong to nobody.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.service import run

NAME = "enterprises"
PATH = "/v1/enterprises/{code}"


def _enterprise(code: str, name: str, legal: str, capital: str, place: str) -> dict[str, object]:
    return {
        "uniscid": code,
        "entName": name,
        "regState": "存续",
        "legalRep": legal,
        "estDate": "2016-05-18",
        "regCapital": {"amount": capital, "currency": "CNY"},
        "district": place,
        "licences": [
            {"name": "食品经营许可证", "number": f"JY{code[2:8]}0001", "validUntil": "2027-05-17"},
            {"name": "排水许可证", "number": f"PS{code[2:8]}0001", "validUntil": None},
        ],
        "staff": 36,
        "updatedAt": "2026-07-30T18:05:00+08:00",
    }


ENTERPRISES: Mapping[str, dict[str, object]] = {
    str(one["uniscid"]): one
    for one in (
        _enterprise("91500106MA5DEM0A1X", "重庆磁器口示例餐饮有限公司", "王示例", "500000.00", "500106"),
        _enterprise("91500106MA5DEM0B2Y", "重庆土湾示例仓储有限公司", "李示例", "3000000.00", "500106"),
        _enterprise("91500109MA5DEM0C3W", "重庆北碚示例水务有限公司", "赵示例", "12000000.50", "500109"),
    )
}  # fmt: skip


def answer(request: Request) -> Response:
    found = ENTERPRISES.get(request.path_params["code"])
    if found is None:
        return JSONResponse({"error": "not registered"}, status_code=404)
    return JSONResponse(found)


if __name__ == "__main__":
    run(NAME, PATH, answer)
