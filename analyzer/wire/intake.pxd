cdef int WINDOW

cdef class Intake:
    cdef public long long start, at
    cdef public object data
    cdef public list pieces
    cpdef add(self, bytes data, long long packet, long long time, long long ack)
    cpdef bytes head(self)
