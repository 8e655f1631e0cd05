cimport cython

cdef class Event:
    cdef public str what
    cdef public int side, flags, ttl, ip_id, window, place
    cdef public long long packet, time, offset, ack, seq, length
    cdef public object note
    cpdef begin(self, str what, int side, long long packet, long long time)

@cython.final
cdef class Log:
    cdef public list events
    cdef public int full
    cpdef add(self, str what, int side, long long packet, long long time, long long offset, long long length, object note)
