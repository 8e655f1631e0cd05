cimport cython

from analyzer.frame.octets cimport cut

@cython.final
cdef class Packet:
    cdef public bytes data, loose_key
    cdef public Py_ssize_t key_at, key_size
    cdef public long long number, time, seq, ack, ts_value, ts_echo, sack_left, sack_right
    cdef public int interface, version, ttl, ip_id, flags, window, mss, scale, sack_ok, fast_open, subflow
    cdef public Py_ssize_t payload, captured
    cdef public long long length
    cpdef reset_options(self)
    cpdef bytes whole_key(self)
    cpdef Packet copy(self, Py_ssize_t most)
