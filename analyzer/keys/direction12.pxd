from analyzer.keys.direction cimport Opener
from analyzer.keys.epochs cimport Epoch
from analyzer.keys.hidden cimport Shared
from analyzer.keys.secrets cimport Secrets

cdef int APPLICATION_DATA, CHANGE_CIPHER_SPEC

cdef class Negotiated(Shared):
    cdef public Secrets secrets
    cdef object _suite
    cdef int _version
    cdef bytes _server_random
    cdef bint _etm
    cdef dict _blocks

cdef class Direction12(Opener):
    cdef bint _changed
    cdef Negotiated _pending
    cpdef negotiated(self, Negotiated pending)
    cdef _change(self)
    cdef _gone(self, bytes body)
