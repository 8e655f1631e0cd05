"""Shared by all tests: the repeatable Hypothesis profile, and `--update-cases`."""

import sys
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `support` is shared by the folders below

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=20, database=None)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-cases` writes what the program says into tests/cases/*.pkt: read the diff."""
    parser.addoption("--update-cases", action="store_true", help="rewrite the `=>` lines of tests/cases/*.pkt")
