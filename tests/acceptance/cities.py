"""The declared cities of the acceptance tests: 重庆 as it is, but its sources are looked at every second."""

import re
import shutil
from pathlib import Path

CITY = Path(__file__).parents[2] / "cities" / "chongqing"
SURVEY_FEED = """      - data_set: levee_survey
        every_seconds: 1
        options: {table: flood_peak_forecast, cursor: RECNO, order: [RECNO]}
"""
RISK = """  - data_set: levee_risk
    owner: cq_water
    purpose: 堤防研判
    sql: derived/levee_risk.sql
    inputs: [levee_survey]
"""


def watchful_city(folder: Path) -> Path:
    """A copy: feeds every second, a page that fails is given up after two, and for a live service is
    waited longer than any stall of a busy machine takes.
    """
    shutil.copytree(CITY, folder)
    for file in folder.glob("domains/*/sources.yaml"):
        text = re.sub(r"every_seconds: \d+", "every_seconds: 1", file.read_text("utf-8"))
        text = text.replace("page_size: 500}", "page_size: 500, retry_seconds: 2}")
        file.write_text(text, "utf-8")
    for file in folder.glob("domains/*/interfaces/*.interface.yaml"):
        text, times = re.subn(
            r"timeout_seconds: \d+", "timeout_seconds: 20", file.read_text("utf-8")
        )
        assert times == 1, file
        file.write_text(text, "utf-8")
    return folder


def withholding_city(folder: Path) -> Path:
    """With `levee_survey`, which the law withholds, and `levee_risk`, which the bureau derives from it."""
    flood = watchful_city(folder) / "domains" / "flood"
    text = (flood / "contracts" / "flood_peak_forecast.odcs.yaml").read_text("utf-8")
    survey = text.replace("flood_peak_forecast", "levee_survey").replace("洪峰水情预报", "堤防隐患")
    survey = survey.replace("forecasts}", "levee_surveys}").replace("conditional", "withheld")
    risk = survey.replace("levee_survey", "levee_risk").replace("withheld", "conditional")
    (flood / "contracts" / "levee_survey.odcs.yaml").write_text(survey, "utf-8")
    (flood / "contracts" / "levee_risk.odcs.yaml").write_text(risk, "utf-8")
    (flood / "derived" / "levee_risk.sql").write_text("SELECT * FROM levee_survey\n", "utf-8")
    with (flood / "domain.yaml").open("a", encoding="utf-8") as file:
        file.write(RISK)
    sources = flood / "sources.yaml"
    before, behind = sources.read_text("utf-8").split("\n  - id: shapingba_files")
    sources.write_text(f"{before}{SURVEY_FEED}\n  - id: shapingba_files{behind}", "utf-8")
    return folder
