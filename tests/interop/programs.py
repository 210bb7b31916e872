"""Runs our command-line clients as a user at a terminal would."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from calls import TIMEOUT

# The exit status of a client is this much above the gRPC code that its call ended with.
CALL_FAILED = 64


class Outcome(NamedTuple):
    """How a program ended, and what it printed."""

    status: int
    out: list[str]
    err: str


def run(program: Path, target: str, *arguments: str, stdin: str = "") -> Outcome:
    """Runs a client against a server and waits for its end."""
    # A flag's environment variable would reach the client behind the test's back.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ROUTE_GUIDE_")}
    done = subprocess.run(
        [program, "--target", target, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        env=environment,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.splitlines(), done.stderr)


def printed(program: Path, target: str, *arguments: str, stdin: str = "") -> list[str]:
    """Runs a client that must succeed, and returns the lines on its standard output."""
    outcome = run(program, target, *arguments, stdin=stdin)
    assert outcome.status == 0, outcome.err
    return outcome.out
