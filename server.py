"""The one program: `python server.py serve` runs the hub, every other command talks to a running one.

The composition root is `hub/composition.py`; it is imported only to serve, so that a command starts at
once.
"""

import sys
from argparse import Namespace

from commands.arguments import arguments, run
from demo.scenario import ScenarioName


def serve(given: Namespace) -> int:
    """Run the hub until it is told to stop."""
    from hub.serve import serve as serve_hub  # noqa: PLC0415 - see above

    return serve_hub(given)


def main(argv: list[str] | None = None) -> int:
    return run(arguments(serve, ScenarioName).parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
