"""The whole command on a stream that goes on: rows while it does, and what the signals do that end it."""

import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()", "classify"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
DEADLINE = 60
"""Seconds after which a process is taken to hang, on a busy machine too."""

GOING_ON = """
name ssh client 192.0.2.1:50022 server 203.0.113.22:22
name hello client 192.0.2.1:50443 server 203.0.113.44:443
name refused client 192.0.2.1:50080 server 203.0.113.80:80
  0.000 ssh > S  0:0(0)
  0.010 ssh < S. 0:0(0) ack 1
  0.010 ssh > .  1:1(0) ack 1
  1.000 hello > S  0:0(0)
  1.010 hello < S. 0:0(0) ack 1
  1.010 hello > .  1:1(0) ack 1
  1.011 hello > P. 1:518(517) ack 1 tls client_hello sni www.example
  1.021 hello < .  1:1(0) ack 518
  9.000 refused > S  0:0(0)
  9.001 refused < R. 0:0(0) ack 1
"""


class Running:
    """A command that reads a stream which is not over."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )
        self.out = b""

    def feed(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def until(self, word: bytes) -> None:
        """Wait until the command has written this."""
        while word not in self.out:
            assert select.select([self.process.stdout], [], [], DEADLINE)[0], self.out
            piece = os.read(self.process.stdout.fileno(), 65536)
            assert piece, self.out
            self.out += piece

    def end(self) -> tuple[int, str, str]:
        """Status, and all that it wrote; the stream is still open."""
        rest, said = self.process.stdout.read(), self.process.stderr.read()
        status = self.process.wait(DEADLINE)
        self.process.stdin.close()
        return status, (self.out + rest).decode(), said.decode()


@pytest.fixture
def running():
    made = []

    def begin(*arguments: str) -> Running:
        made.append(Running(*arguments))
        return made[-1]

    yield begin
    for one in made:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            stream.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_stream_and_says_what_is_open(running, number, status):
    """The refusal is on the screen while two connections are open; then these are told with their state."""
    command = running()
    command.feed(pcap(parse(GOING_ON)))
    command.until(b"rst-refused")
    command.process.send_signal(number)
    found, out, said = command.end()
    assert found == status
    assert len(out.splitlines()) == 2
    assert [re.sub(r"for \d+ s", "for long", line) for line in said.splitlines()] == [
        "open: 192.0.2.1:50022 -> 203.0.113.22:22, silent for long",
        "open: 192.0.2.1:50443 -> www.example:443, TLS handshake, silent for long, "
        "tls-stall/tls-no-server-hello so far",
        "1 fetch: 1 rst",
    ]


def test_a_signal_before_anything_came_ends_it(running):
    """Nothing can be drained where no capture has begun."""
    command = running()
    select.select([command.process.stderr], [], [], DEADLINE)  # it says that it waits
    command.process.send_signal(signal.SIGINT)
    status, out, said = command.end()
    assert (status, out) == (130, "")
    assert said.endswith("0 fetches\n")


@pytest.mark.parametrize("form", ["csv", "jsonl", "tsv"])
@pytest.mark.parametrize("name", ["rst/curl-refused.pcap", "http-failure/pip-503-then-works.pcap"])
def test_an_old_capture_at_full_speed_is_as_its_file(form, name):
    """Byte for byte but for its name: the clock on the wall is none of its business."""
    command = [*COMMAND, "-q", "--format", form]
    data = (SAMPLES / name).read_bytes()
    given = {"capture_output": True, "check": True, "env": ENVIRONMENT, "timeout": DEADLINE}
    of_file = subprocess.run([*command, name], cwd=SAMPLES, **given).stdout
    of_pipe = subprocess.run([*command, "-"], input=data, **given).stdout
    assert (
        of_pipe.replace(b"\n-\t", b"\n" + name.encode() + b"\t")
        .replace(b"\n-,", b"\n" + name.encode() + b",")
        .replace(b'"file":"-"', f'"file":"{name}"'.encode())
        == of_file
    )


RETRIED = """
name one client 192.0.2.1:50080 server 203.0.113.80:80
name two client 192.0.2.1:50081 server 203.0.113.80:80
  0.000 one > S  0:0(0)
  0.001 one < R. 0:0(0) ack 1
  1.000 two > S  0:0(0)
  1.010 two < S. 0:0(0) ack 1
  1.010 two > .  1:1(0) ack 1
  1.011 two > P. 1:82(81) ack 1 http GET /x host www.example
  1.030 two < P. 1:231(230) ack 82 http 200 content-length 150
  1.031 two > F. 82:82(0) ack 231
  1.041 two < F. 231:231(0) ack 83
  1.041 two > .  83:83(0) ack 232
"""


@pytest.mark.parametrize(("selected", "told"), [((), True), (("--select", "rst"), True), (("--select", "ok"), False)])
def test_what_becomes_of_a_failure_is_told_where_its_row_is_shown(running, selected, told):
    """The failure has left as pending when its retry comes; with the retry it is said which one it was."""
    data = pcap(parse(RETRIED))
    first = 24 + 2 * 16 + 66 + 60  # header, and the records of the SYN and of the RST
    command = running("--format", "jsonl", *selected)
    command.feed(data[:first])
    if told:
        command.until(b'"group_outcome":"pending"')
    command.feed(data[first:])
    if told:
        command.until(b'"type":"group"')
    command.process.stdin.close()
    out = command.out + command.process.stdout.read()
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert ("group" in kinds) == told
    assert kinds.count("fetch") == (2 if selected == () else 1)
