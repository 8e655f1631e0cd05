"""Compiles the hot modules with Cython where a C compiler is at hand; everything else is in pyproject.toml.

The same `.py` files run interpreted, slower and with the same results, when `WHYFETCH_COMPILE=0` is set at build time
or no compiler works. `WHYFETCH_COMPILE=1` makes a failing compiler an error, which is what CI wants, and
`WHYFETCH_SANITIZE=1` lets the compiled modules check every access and every number (`make asan`).

All compiled modules become one library (analyzer/compiled.py says why).
"""

import gc
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

COMPILED = [
    "analyzer/capture",
    "analyzer/keys",
    "analyzer/model",
    "analyzer/frame",
    "analyzer/layer",
    "analyzer/flow",
    "analyzer/tcp",
    "analyzer/fetch",
    "analyzer/verdict",
    "analyzer/output",
    "analyzer/reading",
]
GLUE = ["analyzer/cli/job.py"]
INTERPRETED = {"__init__.py"}
JOBS = os.cpu_count() or 1

FLAGS = ["-g0", "-w"]  # what the C compiler has to say of generated code is for nobody
FAST, QUICK = "-O2", "-O1"
"""For modules in which a large capture spends its time, and for all others, which take half as long to compile then.
-O3 makes nothing faster."""
# fmt: off
HOT = [
    "capture/pcap", "fetch/build", "fetch/model", "fetch/vantage", "flow/copies", "flow/table", "frame/decoder",
    "frame/octets", "frame/tcp", "layer/http1/fields", "layer/http1/parser", "layer/http1/reader", "layer/tls/hello",
    "model/connection", "model/http", "model/tls", "output/cells", "output/row", "tcp/connections", "tcp/fast_path",
    "tcp/marks", "tcp/reassembly", "verdict/facts", "verdict/model",
]
# fmt: on
"""Where -O1 costs most instructions for the seconds it saves, by callgrind: in all the others together 1 % of a run."""
SMALL = ["-fno-plt", "-fno-align-jumps", "-fno-align-loops"] if sys.platform == "linux" else []
"""A row runs through more code than an instruction cache holds: without stubs for calls, and without filling, it misses
6 % less often."""
CHECKED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-fno-wrapv"]
"""An access out of bounds and a number that does not fit its type end the process with a report. CPython's own flags
have -fwrapv, which says that numbers may wrap: then nothing is looked for."""
DIRECTIVES = {"binding": False, "emit_code_comments": False}
"""Functions without the attributes of Python's own are called faster, and make a tenth less code."""
PICKLED = ("analyzer/keys/", "analyzer/model/", "analyzer/frame/", "analyzer/layer/", "analyzer/flow/", "analyzer/tcp/")
"""What belongs to a connection is copied while it is open (tcp/outlook.py), by the methods that pickling has."""

LIBRARY = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

{declarations}
static const struct {{ const char *name; PyObject *(*init)(void); }} modules[] = {{
{entries}
}};
enum {{ MODULES = sizeof modules / sizeof *modules }};

static PyObject *names(PyObject *self, PyObject *nothing) {{
    PyObject *all = PyTuple_New(MODULES);
    for (Py_ssize_t i = 0; all != NULL && i < MODULES; i++)
        PyTuple_SET_ITEM(all, i, PyUnicode_FromString(modules[i].name));
    return all;
}}

static PyObject *create(PyObject *self, PyObject *spec) {{
    PyObject *name = PyObject_GetAttrString(spec, "name"), *made = NULL;
    const char *wanted = name == NULL ? NULL : PyUnicode_AsUTF8(name);
    for (size_t i = 0; wanted != NULL && i < MODULES; i++)
        if (strcmp(modules[i].name, wanted) == 0) {{
            made = modules[i].init();  /* a definition, since Cython initializes in two phases (PEP 489) */
            if (made != NULL)
                made = PyModule_FromDefAndSpec((PyModuleDef *)made, spec);
        }}
    if (made == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "no such module in this library");
    Py_XDECREF(name);
    return made;
}}

static PyObject *execute(PyObject *self, PyObject *module) {{
    PyModuleDef *definition = PyModule_GetDef(module);
    if (definition == NULL || PyModule_ExecDef(module, definition) < 0)
        return NULL;
    Py_RETURN_NONE;
}}

static PyMethodDef methods[] = {{
    {{"names", names, METH_NOARGS, "Names of the modules in here."}},
    {{"create", create, METH_O, "The module of a spec, which must be one of them, empty."}},
    {{"execute", execute, METH_O, "Fill a module."}},
    {{NULL, NULL, 0, NULL}}
}};
static struct PyModuleDef library = {{PyModuleDef_HEAD_INIT, "_compiled", NULL, -1, methods}};
PyMODINIT_FUNC PyInit__compiled(void) {{ return PyModule_Create(&library); }}
"""
"""What importlib needs of a library with several modules: analyzer/compiled.py asks it."""


def extensions():
    wanted = os.environ.get("WHYFETCH_COMPILE", "")
    if wanted == "0":
        return []
    sources = sorted(
        path.as_posix()
        for folder in COMPILED
        for path in Path(folder).rglob("*.py")
        if path.name not in INTERPRETED and "# not compiled" not in path.read_text()[:400]
    )
    sources += GLUE
    library = Extension("analyzer._compiled", [*translated(sources), str(registry(sources))])
    library.optional = wanted != "1"
    if os.name == "posix":
        sanitize = os.environ.get("WHYFETCH_SANITIZE") == "1"
        library.extra_compile_args = [*CHECKED, "-O0", "-g1"] if sanitize else [*FLAGS, *SMALL, "-fvisibility=hidden"]
        library.extra_link_args = CHECKED if sanitize else []
    return [library]


def translated(sources):
    """The modules as files of C."""
    from Cython.Build import cythonize

    gc.set_threshold(100_000)  # else a fifth of the time is spent on looking for garbage (inherited by its processes)
    pickled = [source for source in sources if source.startswith(PICKLED)]
    others = [source for source in sources if source not in pickled]
    common = {"language_level": 3, "nthreads": JOBS, "build_dir": "build"}
    modules = cythonize(pickled, compiler_directives=DIRECTIVES, **common)
    modules += cythonize(others, compiler_directives={**DIRECTIVES, "auto_pickle": False}, **common)
    return [source for module in modules for source in module.sources]


def registry(sources):
    """The file of C that tells of them."""
    names = [source.removesuffix(".py").replace("/", ".") for source in sources]
    text = LIBRARY.format(
        declarations="\n".join(f"extern PyObject *{init(name)}(void);" for name in names),
        entries="\n".join(f'    {{"{name}", {init(name)}}},' for name in names),
    )
    path = Path("build/library.c")
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def optimized(source):
    """The flags for a file of C."""
    if os.name != "posix" or os.environ.get("WHYFETCH_SANITIZE") == "1":
        return []
    module = Path(source).with_suffix("").as_posix().removeprefix("build/analyzer/")
    return [FAST if module in HOT else QUICK]


def init(name):
    """What begins a module in the library; Cython's name for it has the last part of the module's alone."""
    return "PyInit_" + name.replace(".", "__")


class build_library(build_ext):  # noqa: N801  (as setuptools names commands)
    """Compiles the files side by side, those that changed, and says how far it is."""

    def build_extensions(self):
        compile_one = self.compiler.compile
        begun = count(1)

        def compile_if_changed(source, total, *, output_dir, macros=None, extra_postargs=(), **options):
            (made,) = self.compiler.object_filenames([source], output_dir=output_dir)
            tell(next(begun), total, source)
            if self.force or not newer(made, source):
                name = Path(source).relative_to("build").with_suffix("").as_posix().replace("/", ".")
                renamed = ("PyInit_" + name.rpartition(".")[2], init(name))
                flags = [*(extra_postargs or []), *optimized(source)]
                macros = [*(macros or []), renamed]
                compile_one([source], output_dir=output_dir, macros=macros, extra_postargs=flags, **options)
            return made

        def compile_all(sources, **options):
            with ThreadPoolExecutor(JOBS) as pool:
                return list(pool.map(lambda source: compile_if_changed(source, len(sources), **options), sources))

        self.compiler.compile = compile_all
        super().build_extensions()


def tell(number, total, source):
    """How far it is: on a terminal in one line, else at every tenth."""
    if sys.stderr.isatty():
        name = Path(source).with_suffix("")
        sys.stderr.write(f"\rcompiling {number} of {total}: {name}\x1b[K" + "\n" * (number == total))
    elif number == total or number % max(1, total // 10) == 0:
        sys.stderr.write(f"compiling {number} of {total}\n")


def newer(made, source):
    """Whether what was made of a source is newer than it."""
    return Path(made).exists() and Path(made).stat().st_mtime > Path(source).stat().st_mtime


setup(ext_modules=extensions(), cmdclass={"build_ext": build_library})
