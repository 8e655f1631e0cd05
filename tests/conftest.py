"""Shared by all tests: the Hypothesis profiles, and `--update-cases`.

`HYPOTHESIS_PROFILE=thorough` tries fifty times as many examples, other ones on every run.
"""

import os
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
