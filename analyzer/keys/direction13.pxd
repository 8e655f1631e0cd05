from analyzer.keys.direction cimport Opener
from analyzer.keys.epochs cimport Epoch, TrafficSecret
from analyzer.keys.secrets cimport Secrets

cdef int ALERT, APPLICATION_DATA, HANDSHAKE_TYPE, APPLICATION, EARLY, HANDSHAKE

cdef class Direction13(Opener):
    cdef public object suite
    cpdef negotiated(self, object suite)
    cdef bint _ends(self, bytes content) except -1
