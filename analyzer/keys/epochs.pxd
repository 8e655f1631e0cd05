from analyzer.keys.ciphers cimport Aead13, Cipher
from analyzer.keys.hidden cimport Hidden, Shared
from analyzer.keys.schedule cimport following, traffic_keys

cdef class Keys(Shared):
    cdef public bint chained
    cpdef Cipher cipher(self, bint server)

cdef class KeyBlock(Keys):
    cdef object _suite
    cdef int _version
    cdef bytes _master, _block
    cdef tuple _randoms
    cdef bint _etm

cdef class TrafficSecret(Keys):
    cdef public object suite
    cdef bytes _secret
    cpdef TrafficSecret following(self)

cdef class Epoch(Hidden):
    cdef public Keys keys
    cdef public bint server
    cdef public int stage
    cdef public long long number
    cdef Cipher _cipher
    cpdef Cipher cipher(self)
    cpdef passed(self, bytes body)
