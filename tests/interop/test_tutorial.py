"""A tutorial's client finds in our server the server that it was written for, line for line."""

import tutorial_client
import tutorial_lines


def test_the_tutorials_client_prints_its_lines(target: str) -> None:
    lines: list[str] = []
    tutorial_client.run(target, lines.append)
    tutorial_lines.check(lines)
