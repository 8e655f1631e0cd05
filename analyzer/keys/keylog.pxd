from analyzer.keys.hidden cimport Shared
from analyzer.keys.secrets cimport Secrets

cdef class KeyLog(Shared):
    cdef object _text
    cdef list _lists
    cdef bytes _last
    cdef long long _at, _runs
    cdef bint _skipping
    cdef public bint full
    cdef public long long lines, malformed
    cdef public dict unknown
    cdef _begin(self)
    cpdef bint grow(self) except -1
    cdef _skip(self, Py_ssize_t size)
    cdef _half(self, bytes line)
    cdef bint _remember(self, bytes random, long long at) except -1
    cpdef fill(self, Secrets secrets)
    cdef list _run(self, long long at, bytes random)
