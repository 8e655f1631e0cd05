from analyzer.keys.ciphers cimport Cipher
from analyzer.keys.epochs cimport Epoch
from analyzer.keys.hidden cimport Hidden
from analyzer.keys.secrets cimport Secrets

cdef class Opener(Hidden):
    cdef Secrets _secrets
    cdef bint _server, _adrift, _guess, _leaving
    cdef public Py_ssize_t opened, skipped, failed
    cdef Py_ssize_t _asked, _built
    cdef Epoch _current
    cdef Cipher _cipher
    cdef list _ahead
    cdef long long _lost, _passed
    cdef public int stage
    cpdef long long expected(self) except? -1
    cpdef tuple open(self, int kind, int version, bytes body)
    cpdef bytes begins(self, bytes body)
    cpdef skip(self, long long count=*)
    cpdef gap(self, long long lost=*)
    cpdef unanswered(self)
    cpdef list _coming(self)
    cpdef bytes _read(self, int kind, int version, bytes body)
    cdef bytes _search(self, int kind, int version, bytes body, bint tried)
    cdef _ask(self)
    cdef list _candidates(self, bytes body, bint tried)
    cpdef _found(self, Epoch epoch, long long number)
    cpdef _pass(self, bytes body)
