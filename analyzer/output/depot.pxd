cimport cython

from analyzer.verdict.turn cimport Turn

cdef int BLOCK

cdef class Block:
    cdef public object data
    cdef unsigned char *octets
    cdef public int left, size
    cdef public long long place
    cdef hold(self, object data)

@cython.final
cdef class Depot:
    cdef public object file
    cdef public bytearray buffer
    cdef public Block current
    cdef public list read, places, spare
    cdef public long long kept, blocks
    cdef public bint full
    cpdef put(self, Turn turn, bytes row, bytes more)
    cdef bytes part(self, Turn turn, Py_ssize_t start, Py_ssize_t stop)
    cpdef bytes more(self, Turn turn)
    cpdef bytes take(self, Turn turn)
    cpdef close(self)
    cdef begin(self)
    cdef over(self)
    cdef bint write(self) except -1
    cdef load(self, Block block)
    cdef free(self, Block block)
