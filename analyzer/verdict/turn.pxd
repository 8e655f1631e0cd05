cdef class Turn:
    cdef public object block
    cdef public long long first_packet, stream
    cdef public unsigned int serial
    cdef public int text, at, size, more
