# not compiled: runs once a COMMAND
"""Waits for the end of COMMAND, and for signals: who sends one to us means COMMAND.

A signal from the terminal reaches COMMAND without us, since it is in our process group; one from a process does not.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from analyzer.errors import ExitStatus
from analyzer.process.command import Command, exit_status

LINGER_S = 0.5
"""Seconds for which packets are taken after COMMAND ended: its last FINs and their answers are on the way."""

GRACE_S = 5.0
"""Seconds that COMMAND has to end when we are told to: whoever sends SIGTERM kills after ten, as docker and CI do."""

LOOK_S = 0.1
"""Seconds between two looks at the clock."""

FROM_KERNEL = 0x80
"""`si_code` SI_KERNEL: the terminal sent it, to the whole process group (sigaction(2))."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Warden(threading.Thread):
    """From `start` until COMMAND has ended, and its last packets are in.

    status   how COMMAND ended, as a shell says it; of a signal it did not heed, when it was given up
    waited   True once COMMAND has ended
    """

    def __init__(self, command: Command, stop: Callable[[], object]) -> None:
        super().__init__(name="whyfetch-warden", daemon=True)
        self.command = command
        self.stop = stop
        self.status = int(ExitStatus.USAGE)
        self.waited = False
        self.leave = threading.Event()
        self._until = 0.0

    def run(self) -> None:
        """Wait and pass on; then stop the capture."""
        try:
            while not self._over():
                heard = signal.sigtimedwait(self.command.watched, LOOK_S)
                if heard is not None and heard.si_signo != signal.SIGCHLD:
                    self._pass(heard.si_signo, heard.si_code == FROM_KERNEL)
        finally:
            self.stop()

    def _over(self) -> bool:
        """Whether there is nothing more to wait for."""
        if not self.waited:
            pid, status = os.waitpid(self.command.pid, os.WNOHANG)
            if pid:
                self.waited, self.status = True, exit_status(status)
                self._until = monotonic() + LINGER_S
        return 0 < self._until <= monotonic()

    def _pass(self, number: int, by_terminal: bool) -> None:
        if self.waited:
            if number in ENDING:
                self._until = monotonic()
            return
        if not by_terminal:
            with suppress(ProcessLookupError):
                os.kill(self.command.pid, number)
        if number == signal.SIGTSTP:
            _pause()
        if number in (signal.SIGTERM, signal.SIGHUP) and not self._until:
            self.status = 128 + number
            self._until = monotonic() + GRACE_S


def _pause() -> None:
    """Stop as COMMAND does, so that the shell sees it; SIGCONT goes on here."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
    os.kill(os.getpid(), signal.SIGTSTP)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
