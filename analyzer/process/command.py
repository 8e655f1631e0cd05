# not compiled: runs once a COMMAND
"""COMMAND: held at a gate until everything is ready for it, then let go with everything that is ours to hand on.

It is forked before there are threads, and waits. It keeps terminal, standard streams and process group: Ctrl-C and
Ctrl-Z reach it from the terminal as without us.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple

from analyzer.errors import ExitStatus

PASSED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGCONT,
    signal.SIGWINCH,
)
"""Signals that are passed on when somebody sends them to us alone."""

SHELL = "/bin/sh"
PROBE_S = 1.0


class CommandError(Exception):
    """COMMAND cannot be started; `status` is what a shell would exit with (POSIX 2.8.2)."""

    def __init__(self, number: int) -> None:
        super().__init__(os.strerror(number))
        self.number = number
        missing = number in (errno.ENOENT, errno.ENOTDIR)
        self.status = ExitStatus.NOT_FOUND if missing else ExitStatus.NOT_EXECUTABLE


class User(NamedTuple):
    """Whom COMMAND runs as, when not as us."""

    name: str
    uid: int
    gid: int
    home: str


class Command:
    """A process that will be COMMAND. Signals we pass on are blocked in us from here on, to be waited for."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], user: User | None = None) -> None:
        heard = [number for number in PASSED if signal.getsignal(number) is not signal.SIG_IGN]
        self.watched = {*heard, signal.SIGCHLD}
        self._children = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, nobody could be waited for
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, self.watched)
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self.started = False
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            if self._children is signal.SIG_IGN:
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            _held(orders, answers, partial(_become, arguments, environment, user), self._before)
        os.close(orders)
        os.close(answers)

    def probe(self, port: int) -> bool:
        """Have it try to connect to a port of 127.0.0.1; False = there is no way to."""
        os.write(self._orders, b"p" + port.to_bytes(2))
        return os.read(self._answers, 1) == b"p"

    def release(self) -> None:
        """Let it become COMMAND; CommandError when it cannot."""
        self.started = True
        os.write(self._orders, b"go!")
        problem = os.read(self._answers, 4)  # ends without a byte when it has become COMMAND
        if problem:
            os.waitpid(self.pid, 0)
            raise CommandError(int.from_bytes(problem))

    @contextmanager
    def unblocked(self) -> Iterator[None]:
        """Hear signals as before for a while, and let hear those who are started in it."""
        blocked = signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def close(self) -> None:
        """Hear signals as before; end it, when it was not to be started after all."""
        os.close(self._orders)
        os.close(self._answers)
        if not self.started:
            os.waitpid(self.pid, 0)
        if self._children is not None:
            signal.signal(signal.SIGCHLD, self._children)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


def _held(orders: int, answers: int, become: Callable[[], None], mask: set[int]) -> None:
    """The life of the forked process; never returns."""
    try:
        while (order := os.read(orders, 3))[:1] == b"p":
            os.write(answers, b"p" if _probe(int.from_bytes(order[1:])) else b"-")
        if order:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
                signal.signal(number, signal.SIG_DFL)
            if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            become()
    except OSError as error:
        os.write(answers, (error.errno or errno.EIO).to_bytes(4))
    finally:
        os._exit(ExitStatus.NOT_FOUND)


def _become(arguments: list[str], environment: Mapping[str, str], user: User | None) -> None:
    if user is not None:  # without root's rights groups cannot be changed any longer
        os.initgroups(user.name, user.gid)
        os.setgid(user.gid)
        os.setuid(user.uid)
    try:
        os.execvpe(arguments[0], arguments, environment)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    path = _script(arguments[0], environment)  # a script without `#!`: as execvp(3) and every shell do it
    os.execve(SHELL, [SHELL, path, *arguments[1:]], environment)


def _script(name: str, environment: Mapping[str, str]) -> str:
    import shutil

    return name if "/" in name else shutil.which(name, path=environment.get("PATH")) or name


def _probe(port: int) -> bool:
    with socket.socket() as probe, suppress(ConnectionRefusedError, TimeoutError):
        probe.settimeout(PROBE_S)
        try:
            probe.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return True


def exit_status(waited: int) -> int:
    """What a shell makes of the status that wait(2) gives: 128 and the number of a signal."""
    code = os.waitstatus_to_exitcode(waited)
    return 128 - code if code < 0 else code
