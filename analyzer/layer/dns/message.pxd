cdef int MAX_NAME, MAX_POINTERS, CNAME, IN

cdef class Message:
    cdef public int id, opcode, rcode, response, truncated, recursion, qtype, partial, cut
    cdef public str name, spelling, malformed
    cdef public list addresses, aliases

cdef class MessageReader:
    cdef bytes data
    cdef Py_ssize_t at
    cdef str wrong
    cdef fail(self, str what)
    cdef int u16(self) except -1
    cdef bytes take(self, Py_ssize_t size)
    cdef str name(self)

cpdef Message read(bytes data, bint whole)
