"""`whyfetch run` in a network namespace of its own, with real traffic: what passes through, what is told."""

import csv
import grp
import os
import pty
import pwd
import re
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from analyzer.process import cgroup

ROOT = Path(__file__).parent.parent.parent


def lacking() -> str:
    """What the machine of the test has not got."""
    if os.geteuid() or not sys.platform.startswith("linux"):
        return "takes root on Linux"
    try:
        cgroup.make().close()
    except cgroup.CgroupError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())

ALONE = ["unshare", "--net", "--mount", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""In a network namespace of its own: nothing else is captured."""

RUN = [sys.executable, "-m", "analyzer", "run"]

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("SSLKEYLOGFILE", "NODE_OPTIONS")},
    "PYTHONPATH": str(ROOT),
    "NO_COLOR": "1",
}

SERVER = """
import socket, sys, threading
def answer(connection):
    with connection:
        if connection.recv(4096):
            connection.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
with socket.create_server(("127.0.0.1", 8080), backlog=200) as server, \\
        socket.create_server(("127.0.0.1", 8443), backlog=200):  # which is silent
    print("ready", flush=True)
    while True:
        threading.Thread(target=answer, args=server.accept()[:1]).start()
"""

CLIENT = """
import socket, sys
for _ in range(int(sys.argv[1])):
    for port in (8080, 9):
        with socket.socket() as client:
            try:
                client.connect(("127.0.0.1", port))
                client.sendall(b"GET /%s HTTP/1.0\\r\\n\\r\\n" % sys.argv[2].encode())
                client.recv(1)
            except OSError:
                pass
"""
"""Quick requests and refused connections in turn."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Programs of the tests."""
    for name, text in (("server.py", SERVER), ("client.py", CLIENT)):
        (tmp_path / name).write_text(text)
    return tmp_path


def ran(folder: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """`whyfetch run` with these arguments, in a namespace where nobody listens."""
    line = [*ALONE, *RUN, *arguments]
    return subprocess.run(line, **{"env": ENVIRONMENT, "cwd": folder, **TEXT, **options})


def beside_server(folder: Path, script: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A script in a namespace with a server; `$run` begins a command line of ours."""
    before, after = '"$python" server.py > ready & until test -s ready; do sleep 0.05; done', "status=$?; kill %1"
    text = f"{before}\n{script}\n{after}; exit $status"
    environment = {**ENVIRONMENT, "run": " ".join(RUN), "python": sys.executable}
    line = [*ALONE, "bash", "-c", text]
    return subprocess.run(line, **{"env": environment, "cwd": folder, **TEXT, **options})


TEXT = {"capture_output": True, "text": True, "check": False, "timeout": 120}


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of `-o`."""
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_refusals_and_quick_requests_are_told_apart_from_those_of_others(folder: Path) -> None:
    """All of 80 fetches of COMMAND are told, half of them refused at once; of as many by others meanwhile none."""
    script = """
        $run -o rows.csv -- sh -c '"$python" client.py 40 ours; touch done; sleep 1; exit 3' &
        "$python" client.py 40 before
        while ! test -e done; do "$python" client.py 4 theirs; done
        wait $!
    """
    done = beside_server(folder, script)
    told = rows(folder / "rows.csv")
    found = Counter((row["class"], row["cause"], row["target"], row["process_how"]) for row in told)
    assert found == {("ok", "", "/ours", "cgroup"): 40, ("rst", "rst-refused", "", "cgroup"): 40}
    assert all(re.fullmatch(r"(sh\[\d+\]\+|python[\d.]*\[\d+\])", row["process"]) for row in told)
    assert done.returncode == 3
    assert "`sh` exited with 3; 80 fetches: 40 ok, 40 rst" in done.stderr


@pytest.mark.parametrize(
    "script",
    ["{}", "{} | cat", "true | ({})", "sh -c '({}) & wait'", "setsid {}", "setsid {} & sleep 2", "nohup {} & sleep 2"],
)
def test_children_pipelines_and_daemons_are_told_too(folder: Path, script: str) -> None:
    """What COMMAND starts, and whatever that starts, belongs to it."""
    (folder / "script.sh").write_text(script.format("$python client.py 2 ours"))
    beside_server(folder, "$run -o rows.csv -- sh script.sh")
    assert Counter(row["class"] for row in rows(folder / "rows.csv")) == {"ok": 2, "rst": 2}


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["sh", "-c", "kill -15 $$"], 143),
        (["no-such-command"], 127),
        (["./no-such-command"], 127),
        (["/etc/passwd"], 126),
        (["/"], 126),
        (["./without-shebang", "5"], 5),
        ([], 2),
    ],
)
def test_the_exit_status_is_commands(folder: Path, command: list[str], status: int) -> None:
    """As a shell says it: 128 and the signal, 127 not found, 126 not executable; 2 when there is no COMMAND."""
    script = folder / "without-shebang"
    script.write_text("exit $1\n")
    script.chmod(0o755)
    done = ran(folder, "--", *command)
    assert done.returncode == status
    assert not done.stdout
    assert ("error: " in done.stderr) == (not command or status in (126, 127))


def test_nothing_is_said_when_command_succeeds(folder: Path) -> None:
    """Neither about fetches that failed on the way; `--always` says it."""
    quiet = beside_server(folder, "$run -- sh -c '$python client.py 1 ours'")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    told = beside_server(folder, "$run --always -- sh -c '$python client.py 1 ours'")
    assert told.returncode == 0
    assert "`sh` exited with 0; 2 fetches: 1 ok, 1 rst" in told.stderr
    assert re.search(
        r"^whyfetch: rst/rst-refused 127\.0\.0\.1:9 .*\n  advice: .*\n  proof \(high\): \d+:syn", told.stderr, re.M
    )


def test_the_packets_of_a_report_can_be_looked_at(folder: Path) -> None:
    """With `-w` it says how: connections have the numbers that they have in the file, where those of others are too.

    The file says of whom it is, in the comment of its section.
    """
    command = '("$python" client.py 2 theirs; sleep 0.7; "$python" client.py 2 theirs) & '
    done = beside_server(folder, command + "$run --always -w all.pcapng -- sh -c 'sleep 1; $python client.py 1 ours'")
    found = re.search(
        r"whyfetch: rst/rst-refused .*\n.*\n  proof .*: (\d+):syn.*\n  packets: whyfetch (show .*)\n", done.stderr
    )
    assert found
    shown = subprocess.run([*RUN[:-1], *found[2].split()], cwd=folder, env=ENVIRONMENT, **TEXT)
    assert "rst/rst-refused" in shown.stdout
    assert re.search(rf"^\* {found[1]} .*\[syn\]", shown.stdout, re.MULTILINE)
    assert re.search(rb"process: sh \d+\0", (folder / "all.pcapng").read_bytes()[:400])


def test_streams_pass_through(folder: Path) -> None:
    """Standard input, output and error are COMMAND's, other descriptors too; the report stands below."""
    script = 'read line; echo "got $line"; echo fail >&2; echo three >&3; exit 1'
    with (folder / "three").open("w") as three:
        number = three.fileno()
        done = ran(folder, "--", "bash", "-c", script.replace("&3", f"&{number}"), input="hello\n", pass_fds=(number,))
    assert done.stdout == "got hello\n"
    assert (folder / "three").read_text() == "three\n"
    assert done.stderr.splitlines()[0] == "fail"
    assert done.stderr.splitlines()[1] == "whyfetch: `bash` exited with 1; 0 fetches"


def test_command_may_close_its_streams(folder: Path) -> None:
    """COMMAND without streams, and us without them, end as ever."""
    assert ran(folder, "--", "sh", "-c", "exec 0<&- 1>&- 2>&-; sleep 0.3; exit 6").returncode == 6
    line = [*ALONE, "sh", "-c", f"{' '.join(RUN)} -- sh -c 'test ! -e /proc/self/fd/0; exit 6' 0<&- 1>&- 2>&-"]
    assert subprocess.run(line, env=ENVIRONMENT, cwd=folder, check=False, timeout=60).returncode == 6


def started(folder: Path, *command: str) -> subprocess.Popen[str]:
    """`whyfetch run`, once its COMMAND has written a line."""
    process = subprocess.Popen(
        [*RUN, "--", *command], cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"])
def test_signals_sent_to_us_reach_command(folder: Path, name: str) -> None:
    """Whoever sends one to us means COMMAND, which may do with it what it likes."""
    with started(
        folder, "bash", "-c", f"trap 'echo {name}; exit 9' {name}; echo ready; while :; do sleep 0.1; done"
    ) as process:
        process.send_signal(getattr(signal, f"SIG{name}"))
        out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == (f"{name}\n", 9)


def test_who_ignores_its_children_can_start_us(folder: Path) -> None:
    """SIGCHLD ignored is inherited: the status is COMMAND's all the same, and COMMAND finds it as it was."""
    ignoring = "import os, sys; from signal import *; signal(SIGCHLD, SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    looking = "import signal, sys; print(signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN); sys.exit(5)"
    line = [sys.executable, "-c", ignoring, *RUN, "--", sys.executable, "-c", looking]
    done = subprocess.run(line, cwd=folder, env=ENVIRONMENT, **TEXT)
    assert (done.returncode, done.stdout) == (5, "True\n")


def test_through_sudo_what_is_kept_belongs_to_who_called(folder: Path) -> None:
    """Rows, packets and keys."""
    environment = {**ENVIRONMENT, "SUDO_UID": "12345", "SUDO_GID": "12345", "SUDO_USER": "somebody"}
    options = ["-o", "rows.csv", "-w", "packets.pcapng", "--keep-keys"]
    done = ran(folder, *options, "--", "sh", "-c", "echo $SSLKEYLOGFILE", env=environment)
    keys = Path(done.stdout.strip())
    paths = [folder / "rows.csv", folder / "packets.pcapng", keys, keys.parent]
    assert [path.stat().st_uid for path in paths] == [12345] * 4
    shutil.rmtree(keys.parent)


def test_command_may_run_as_another_user(folder: Path) -> None:
    """With its groups and home, and with keys that it can write."""
    script = 'id -un; id -Gn; echo "$HOME"; echo secret >> "$SSLKEYLOGFILE" && stat -c "%U %a" "$SSLKEYLOGFILE"'
    done = ran(Path("/"), "--user", "nobody", "--", "sh", "-c", script)
    name, groups, home, keys = done.stdout.splitlines()
    who = pwd.getpwnam("nobody")
    assert (name, groups, home) == ("nobody", grp.getgrgid(who.pw_gid).gr_name, who.pw_dir)
    assert keys == "nobody 600"
    assert ran(folder, "--user", "no-such-user", "--", "true").returncode == 2


def test_a_command_that_ignores_the_end_does_not_hold_us(folder: Path) -> None:
    """After some seconds we report and go; COMMAND lives on, as it wishes."""
    with started(folder, "sh", "-c", "trap '' TERM; echo ready; exec sleep 20 >/dev/null 2>&1") as process:
        process.terminate()
        _, said = process.communicate(timeout=15)
    assert process.returncode == 143
    assert "still runs although it was told to end" in said


def test_ctrl_c_and_ctrl_z_work_as_without_us(folder: Path) -> None:
    """On a terminal: Ctrl-Z stops both, `fg` goes on, Ctrl-C reaches COMMAND once."""
    (folder / "count.py").write_text(COUNTING)
    (folder / "shell.py").write_text(SHELL)
    line = [sys.executable, "shell.py", *RUN, "--", sys.executable, "count.py"]
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execvpe(line[0], line, ENVIRONMENT)
    said = b""
    try:
        for wait_for, then in ((b"ready", b"\x1a"), (b"stopped", b""), (b"going on", b"\x03"), (b"status 4", b"")):
            end = time.monotonic() + 20
            while wait_for not in said:
                assert time.monotonic() < end, said
                assert select.select([terminal], [], [], 20)[0], said
                said += os.read(terminal, 4096)
            os.write(terminal, then)
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert said.count(b"interrupted") == 1


COUNTING = """
import signal, sys, time
print("ready", flush=True)
while True:
    try:
        time.sleep(30)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        time.sleep(0.5)
        sys.exit(4)
"""

SHELL = """
import os, signal, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
pid = os.fork()
if not pid:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status = os.waitpid(pid, os.WUNTRACED)
print("stopped" if os.WIFSTOPPED(status) else f"ended {status}", flush=True)
os.tcsetpgrp(0, pid)
os.killpg(pid, signal.SIGCONT)
time.sleep(0.3)
print("going on", flush=True)
_, status = os.waitpid(pid, 0)
os.tcsetpgrp(0, os.getpid())
print("status", os.waitstatus_to_exitcode(status), flush=True)
"""
"""What a shell does for a job: a process group in the foreground, `fg` once it has stopped."""


def test_keys_go_to_a_private_file_that_is_deleted(folder: Path) -> None:
    """Nobody else may read them; what Node had been told stays."""
    script = 'stat -c %a "$SSLKEYLOGFILE"; echo "$SSLKEYLOGFILE"; echo "$NODE_OPTIONS"; echo secret >> "$SSLKEYLOGFILE"'
    done = ran(folder, "--", "sh", "-c", script, env={**ENVIRONMENT, "NODE_OPTIONS": "--no-warnings"})
    mode, path, node = done.stdout.splitlines()
    assert (mode, node) == ("600", f"--no-warnings --tls-keylog={path}")
    assert not Path(path).parent.exists()
    done = ran(folder, "--keep-keys", "--", "sh", "-c", script)
    path = Path(done.stdout.splitlines()[1])
    assert path.read_text() == "secret\n"
    assert str(path) in done.stderr
    shutil.rmtree(path.parent)


def test_without_keys_the_environment_is_what_it_was(folder: Path) -> None:
    """`--no-keys` names no file."""
    done = ran(folder, "--no-keys", "--", "sh", "-c", 'echo "${SSLKEYLOGFILE-unset} ${NODE_OPTIONS-unset}"')
    assert done.stdout == "unset unset\n"


def test_keys_that_a_kill_left_are_deleted_at_the_next_start(folder: Path) -> None:
    """While COMMAND lives on their name leads nowhere; kept ones stay."""
    script = 'echo secret >> "$SSLKEYLOGFILE"; echo ready; echo "$SSLKEYLOGFILE"; sleep 4'
    with started(folder, "sh", "-c", script) as process:
        assert process.stdout
        left = Path(process.stdout.readline().strip())
        ran(folder, "--", "true")
        assert left.read_text() == "secret\n"
        process.kill()
    kept = Path(ran(folder, "--keep-keys", "--", "sh", "-c", script[:-9]).stdout.split()[1])
    assert left.readlink() == Path(os.devnull)
    ran(folder, "--", "true")
    assert kept.read_text() == "secret\n"
    shutil.rmtree(kept.parent)
    end = time.monotonic() + 20
    while left.parent.exists():
        assert time.monotonic() < end
        ran(folder, "--", "true")


def test_a_key_file_of_the_user_is_used_and_stays(folder: Path) -> None:
    """SSLKEYLOGFILE that is set already is not touched."""
    mine = folder / "mine"
    script = 'echo "$SSLKEYLOGFILE"; echo secret >> "$SSLKEYLOGFILE"'
    done = ran(folder, "--", "sh", "-c", script, env={**ENVIRONMENT, "SSLKEYLOGFILE": str(mine)})
    assert done.stdout == f"{mine}\n"
    assert mine.read_text() == "secret\n"


def test_a_daemon_keeps_a_key_file_that_leads_nowhere(folder: Path) -> None:
    """Python's TLS does not start when the file cannot be opened: what outlives COMMAND must be able to."""
    script = 'setsid sh -c "sleep 3; echo secret >> $SSLKEYLOGFILE && echo $SSLKEYLOGFILE > ok" >/dev/null 2>&1 &'
    assert ran(folder, "--", "sh", "-c", script).returncode == 0
    end = time.monotonic() + 20
    while not (folder / "ok").exists():
        assert time.monotonic() < end
        time.sleep(0.2)
    path = Path((folder / "ok").read_text().strip())
    assert path.readlink() == Path(os.devnull)
    shutil.rmtree(path.parent)


STALLS = {
    "curl": "curl -sS -m 2 https://localhost:8443/",
    "git": "timeout -s INT 4 git ls-remote https://localhost:8443/x.git",
    "pip": "$python -m pip --isolated --disable-pip-version-check --timeout 2 --retries 0 download --no-cache-dir "
    "-i https://localhost:8443/simple six",
    "npm": "timeout -s INT 4 npm --fetch-retries=0 --registry=https://localhost:8443/ --cache=./npm view x",
    "go": "env GOPROXY=https://localhost:8443 GOFLAGS=-mod=mod GONOSUMDB=* GOPATH=$PWD/go "
    "go mod download golang.org/x/text@v0.3.0",
}


@pytest.mark.parametrize("client", STALLS)
def test_a_proxy_that_is_silent_in_tls_is_told_below_the_clients_error(folder: Path, client: str) -> None:
    """One line with the verdict and one with the advice; the exit status is the client's."""
    if client != "pip" and shutil.which(client) is None:
        pytest.skip(f"{client} is not installed")
    (folder / "go.mod").write_text("module x\n")
    done = beside_server(folder, f"{STALLS[client]}; echo alone $?; $run -- {STALLS[client]}; echo wrapped $?")
    alone, wrapped = re.findall(r"^(?:alone|wrapped) (\d+)$", done.stdout, re.MULTILINE)
    assert alone == wrapped != "0"
    verdict = [line for line in done.stderr.splitlines() if line.startswith("whyfetch: tls-stall/tls-no-server-hello")]
    assert len(verdict) == 1
    assert "localhost (127.0.0.1:8443)" in verdict[0]
    after = done.stderr.split(verdict[0])[1].splitlines()
    assert after[1].startswith("  advice: ")
    assert re.match(r"  proof \((high|medium)\): \d+:client-hello", after[2])


def test_a_server_that_drops_syns_is_told_although_nothing_marks_the_end(folder: Path) -> None:
    """A client that gives up while it connects sends nothing: its end is COMMAND's."""
    if shutil.which("nft") is None or shutil.which("curl") is None:
        pytest.skip("takes nft and curl")
    rules = "add table inet t; add chain inet t i { type filter hook input priority 0; }; "
    rules += "add rule inet t i tcp dport 8080 drop"
    done = beside_server(
        folder, f"nft '{rules}'; $run -o rows.csv -- curl -s --connect-timeout 3 http://127.0.0.1:8080/"
    )
    assert done.returncode == 28
    assert [(row["class"], row["cause"]) for row in rows(folder / "rows.csv")] == [("syn-retransmit", "syn-no-answer")]
    assert "whyfetch: syn-retransmit/syn-no-answer 127.0.0.1:8080 curl[" in done.stderr


def test_a_name_that_does_not_exist_is_told(folder: Path) -> None:
    """A lookup is COMMAND's by the UDP port it came from."""
    (folder / "dns.py").write_text(
        textwrap.dedent("""
        import socket
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.53", 53))
        while True:
            data, client = server.recvfrom(512)
            server.sendto(data[:2] + b"\\x81\\x83" + data[4:6] + bytes(6) + data[12:], client)
    """)
    )
    script = """
        echo nameserver 127.0.0.53 > resolv.conf; mount --bind resolv.conf /etc/resolv.conf
        "$python" dns.py & sleep 0.3
        (sleep 1.2; getent hosts theirs.example.invalid) &
        $run -o rows.csv -- sh -c "getent hosts nothing.example.invalid; sleep 2; exit 2"
        kill %2
    """
    done = beside_server(folder, script)
    assert {(row["class"], row["name"], row["process_how"]) for row in rows(folder / "rows.csv")} == {
        ("dns-failure", "nothing.example.invalid", "cgroup")
    }, done.stderr


@pytest.mark.parametrize(("arguments", "hint"), [(["-o", "rows.csv"], "`--force`"), (["--format", "csv"], "-o")])
def test_what_cannot_be_done_is_said_before_command_runs(folder: Path, arguments: list[str], hint: str) -> None:
    """Usage errors have status 2, and COMMAND was not started."""
    (folder / "rows.csv").write_text("")
    done = ran(folder, *arguments, "--", "touch", "started")
    assert done.returncode == 2
    assert hint in done.stderr
    assert not (folder / "started").exists()


def test_a_report_that_cannot_be_written_does_not_change_the_status(folder: Path) -> None:
    """A full disk for the rows is said, what was seen is reported, and COMMAND's status kept."""
    done = beside_server(folder, "$run -o /dev/full -- sh -c '$python client.py 1 ours; exit 9'")
    assert done.returncode == 9
    assert "2 fetches: 1 ok, 1 rst" in done.stderr
    assert "error: the report is not complete: no space left on device" in done.stderr


def test_run_inside_run_tells_the_same(folder: Path) -> None:
    """The inner cgroup lies in the outer one, and each has a log of its own."""
    done = beside_server(folder, "$run -o outer.csv -- $run -o inner.csv -- sh -c '$python client.py 2 ours; exit 9'")
    assert done.returncode == 9
    ports = [{row["client_port"] for row in rows(folder / f"{name}.csv")} for name in ("outer", "inner")]
    assert len(ports[1]) == 4
    assert ports[1] < ports[0]  # one more connection: the inner one tries the log out
    assert {row["process_how"] for name in ("outer", "inner") for row in rows(folder / f"{name}.csv")} == {"cgroup"}


def test_a_level_that_falls_is_told(folder: Path) -> None:
    """Without the right to load a table: by polling, and marked in row and report."""
    lesser = "setpriv --bounding-set -net_admin --inh-caps -net_admin"
    script = "$python -c 'import socket, time; socket.create_connection((\"127.0.0.1\", 8443)); time.sleep(1)'; exit 1"
    (folder / "script.sh").write_text(script)
    done = beside_server(folder, f"{lesser} $run -o rows.csv -- sh script.sh")
    assert "nftables takes root (CAP_NET_ADMIN)" in done.stderr
    assert {row["process_how"] for row in rows(folder / "rows.csv")} <= {"poll"}
