"""The municipal look-up of water standing on roads: `GET /v1/waterlogging-points?district=&minDepth=`.

The points and depths are made up; a district without any answers an empty list.
"""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from catalog.clock import CITY_ZONE, SystemClock
from demo.service import run

NAME = "waterlogging"
PATH = "/v1/waterlogging-points"
POINTS: Sequence[tuple[str, str, str, str, int, float, float]] = (
    ("WL-0106-01", "磁器口正街下穿道", "磁器口正街", "500106004", 34, 106.4497, 29.5788),
    ("WL-0106-02", "沙滨路杨公桥段", "沙滨路", "500106002", 22, 106.4611, 29.5602),
    ("WL-0106-03", "土湾滨江路", "滨江路", "500106013", 8, 106.4779, 29.5561),
    ("WL-0109-01", "北碚正码头", "滨江路", "500109", 41, 106.4402, 29.8267),
)


def _point(row: tuple[str, str, str, str, int, float, float], now: datetime) -> dict[str, object]:
    point, name, road, place, depth, longitude, latitude = row
    return {
        "pointId": point,
        "name": name,
        "road": road,
        "place": place,
        "depthCm": depth,
        "passable": depth < 27,  # noqa: PLR2004 - centimetres a car gets through
        "position": {"lon": longitude, "lat": latitude},
        "observedAt": now.replace(microsecond=0).isoformat(),
    }


def answer(request: Request) -> Response:
    district = request.query_params.get("district", "")
    least = request.query_params.get("minDepth", "0")
    if not least.isdigit():
        return JSONResponse({"error": "minDepth is a whole number"}, status_code=400)
    now = SystemClock().now().astimezone(CITY_ZONE)
    return JSONResponse(
        [_point(row, now) for row in POINTS if row[3].startswith(district) and row[4] >= int(least)]
    )


if __name__ == "__main__":
    run(NAME, PATH, answer)
