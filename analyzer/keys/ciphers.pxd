from analyzer.keys.hidden cimport Hidden
from analyzer.keys.mac cimport Mac

cdef Py_ssize_t EXPLICIT

cdef class Cipher(Hidden):
    cpdef bytes read(self, long long number, int kind, int version, bytes body)
    cpdef bytes begins(self, long long number, bytes body)
    cpdef object guess(self, bytes body)
    cpdef bint ready(self) except -1
    cpdef passed(self, bytes body)

cdef class Counted(Cipher):
    cdef object _decrypt, _suite
    cdef bytes _key, _iv
    cdef bytearray _nonce
    cdef tuple _failures
    cdef bytearray nonce(self, unsigned long long number)

cdef class Aead13(Counted):
    cdef bytearray _head

cdef class ChaCha12(Counted):
    pass

cdef class Explicit12(Cipher):
    cdef object _decrypt, _suite
    cdef bytes _key, _salt, _last
    cdef Py_ssize_t _overhead
    cdef tuple _failures
    cdef long long _number

cdef class Cbc(Cipher):
    cdef object _decryptor
    cdef Mac _mac
    cdef Py_ssize_t _size
    cdef bint _etm, _chained
    cdef bytes _vector
    cdef bint _signed(self, long long number, int kind, int version, bytes data, bytes mac) except -1

cpdef bytes additional(unsigned long long number, int kind, int version, Py_ssize_t length)
