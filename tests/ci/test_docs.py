"""docs/ci.md: every command line in it works, in the order in which it stands there, and its YAML fits what it uses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


LINES = [line for block in blocks("sh") for line in block.splitlines()]


def test_every_command_line_works(tmp_path):
    """On a capture with failures; those that run a command end as it does, those with a new failure with 1."""
    rooted = os.geteuid() == 0 and sys.platform.startswith("linux")
    shutil.copy(ROOT / "samples/rst/curl-refused.pcap", tmp_path / "trace.pcap")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "whyfetch").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m analyzer "$@"\n')
    (programs / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    for path in programs.iterdir():
        path.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    environment.pop("GITHUB_STEP_SUMMARY", None)

    def run(line):
        return subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert (
        run("whyfetch classify -q -o before.jsonl " + str(ROOT / "samples/dns-failure/go-nxdomain.pcap")).returncode
        == 0
    )
    left_out = [line for line in LINES if line.startswith("sudo") and not rooted]
    for line in LINES:
        if line in left_out or (left_out and "job." in line):
            continue
        done = run(line)
        wanted = 1 if "new:failed" in line or "new:rst" in line else 7 if "curl" in line else 0
        assert (line, done.returncode, done.stderr if done.returncode != wanted else "") == (line, wanted, "")


def steps():
    found = [yaml.safe_load(block) for block in blocks("yaml") if "!reference" not in block]
    return [step for block in found if isinstance(block, list) for step in block]


def test_the_action_has_the_inputs_that_are_used():
    """And all inputs and outputs are listed."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    used = [step["with"] for step in steps() if "whyfetch" in step.get("uses", "")]
    assert len(used) == 3
    assert {name for inputs in used for name in inputs} <= set(action["inputs"])
    listed = re.search(r"\nInputs: (.*?)\nOutputs: (.*?)\n", TEXT)
    assert re.findall(r"`([a-z-]+)`", listed[1]) == list(action["inputs"])
    assert re.findall(r"`([a-z-]+)`", listed[2]) == list(action["outputs"])


@pytest.mark.parametrize("part", ["before_script", "after_script", "artifacts"])
def test_the_template_has_what_is_extended(part):
    """The job by the name that is given, with the parts that are referred to."""
    assert part in yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))[".whyfetch"]


def test_the_limits_that_are_told_are_those_of_the_code():
    """Numbers of the table, by their constants."""
    from analyzer.output.ci import gathered, github, markdown, sarif

    assert f"{github.MOST} annotations of a kind a step" in TEXT
    assert f"above {markdown.MAX_BYTES // 1000} kB" in TEXT
    assert f"{sarif.MAX_RESULTS:,} results, and {sarif.MAX_BYTES // 1_000_000} MB" in TEXT
    assert f"{gathered.MAX_GROUPS:,} findings are kept" in TEXT
