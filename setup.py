"""Compiles the hot modules with Cython where a C compiler is at hand; everything else is in pyproject.toml.

The same `.py` files run interpreted, slower and with the same results, when `WHYFETCH_COMPILE=0` is set at build time
or no compiler works. `WHYFETCH_COMPILE=1` makes a failing compiler an error, which is what CI wants, and
`WHYFETCH_SANITIZE=1` lets the compiled modules check every access and every number (`make asan`).
"""

import os
import sys
from itertools import count
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

COMPILED = [
    "analyzer/capture",
    "analyzer/wire",
    "analyzer/fetch",
    "analyzer/verdict",
    "analyzer/output",
    "analyzer/reading",
]
GLUE = ["analyzer/cli/job.py"]
INTERPRETED = {"__init__.py"}

FAST = ["-O2", "-g0"]  # half the build time of -O3 -g, the same speed
SMALL = ["-fno-plt", "-fno-align-jumps", "-fno-align-loops"] if sys.platform == "linux" else []
"""A row runs through more code than an instruction cache holds: without stubs for calls, and without filling, it misses
6 % less often."""
CHECKED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-fno-wrapv"]
"""An access out of bounds and a number that does not fit its type end the process with a report. CPython's own flags
have -fwrapv, which says that numbers may wrap: then nothing is looked for."""


def extensions():
    wanted = os.environ.get("WHYFETCH_COMPILE", "")
    if wanted == "0":
        return []
    from Cython.Build import cythonize

    sources = sorted(
        str(path)
        for folder in COMPILED
        for path in Path(folder).rglob("*.py")
        if path.name not in INTERPRETED and "# not compiled" not in path.read_text()[:400]
    )
    sources += GLUE
    modules = cythonize(sources, language_level=3, nthreads=os.cpu_count() or 1, build_dir="build")
    sanitize = os.environ.get("WHYFETCH_SANITIZE") == "1"
    for module in modules:
        module.optional = wanted != "1"  # set after cythonize(), which drops it
        if os.name == "posix":
            module.extra_compile_args = [*CHECKED, "-O0", "-g1"] if sanitize else [*FAST, *SMALL]
            module.extra_link_args = CHECKED if sanitize else []
    return modules


class Telling(build_ext):
    """Tells how far it is: on a terminal in one line, else at every tenth."""

    def build_extensions(self):
        total = sum(len(extension.sources) for extension in self.extensions)
        begun = count(1)
        compile_one = getattr(self.compiler, "_compile", None)  # Visual C++ has none

        def tell(target, source, *arguments):
            """Called by several threads."""
            number = next(begun)
            if sys.stderr.isatty():
                name = Path(source).with_suffix("")
                sys.stderr.write(f"\rcompiling {number} of {total}: {name}\x1b[K" + "\n" * (number == total))
            elif number == total or number % max(1, total // 10) == 0:
                sys.stderr.write(f"compiling {number} of {total}\n")
            compile_one(target, source, *arguments)

        if compile_one:
            self.compiler._compile = tell
        super().build_extensions()


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": Telling},
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
