"""Shared by all tests: the Hypothesis profiles, and `--update-cases`.

`HYPOTHESIS_PROFILE=thorough` tries fifty times as many examples, other ones on every run.
"""

import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `support` is shared by the folders below

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=100, database=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=5000, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-cases` writes what the program says into tests/cases/*.pkt: read the diff."""
    parser.addoption("--update-cases", action="store_true", help="rewrite the `=>` lines of tests/cases/*.pkt")


LIVE = (
    "capture/live",
    "ci/test_action",
    "ci/test_docs",
    "process",
    "cli/test_sniff",
    "cli/test_streams",
    "test_live",
    "test_sources",
)
"""Tests with real traffic and real clocks: on a machine that is busy with other things a packet may come late."""


def pytest_sessionstart() -> None:
    """The same wherever tests run: in CI, on a terminal of any width, below `nohup`, behind a shell's `&`.

    Their children ignore SIGHUP, or SIGINT and SIGQUIT, and so would what is started here.
    """
    for name in ("CI", "GITHUB_ACTIONS", "COLUMNS"):
        os.environ.pop(name, None)
    for name in ("SIGHUP", "SIGQUIT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fails there is tried twice again, and listed as such; one process runs all of these, in order."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(LIVE):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))
            item.add_marker(pytest.mark.live)
