"""`entry`: the steps of one catalogue entry to its publication."""

from argparse import Namespace

from commands.client import HubClient
from commands.display import say

SHOWN = "{ code name state stateLabel }"
ASSESS = f"""mutation($code: String!, $secrecy: String!, $personal: String!) {{
  entry: assessEntry(code: $code, secrecy: $secrecy, personalInformation: $personal) {SHOWN} }}"""
STEPS = {
    step: f"mutation($code: String!) {{ entry: {step}Entry(code: $code) {SHOWN} }}"
    for step in ("approve", "submit", "publish")
}
RETURN = f"""mutation($code: String!, $why: String!) {{
  entry: returnEntry(code: $code, why: $why) {SHOWN} }}"""


def assess(hub: HubClient, given: Namespace) -> None:
    assessments = {"secrecy": given.secrecy, "personal": given.personal_information}
    _step(hub, ASSESS, {"code": given.code, **assessments})


def approve(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["approve"], {"code": given.code})


def submit(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["submit"], {"code": given.code})


def publish(hub: HubClient, given: Namespace) -> None:
    _step(hub, STEPS["publish"], {"code": given.code})


def send_back(hub: HubClient, given: Namespace) -> None:
    _step(hub, RETURN, {"code": given.code, "why": given.why})


def _step(hub: HubClient, document: str, variables: dict[str, object]) -> None:
    entry = hub.execute(document, variables)["entry"]
    say(f"{entry['code']} {entry['name']}：{entry['stateLabel']} {entry['state'].lower()}")
