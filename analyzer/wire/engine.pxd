from analyzer.capture.frame cimport Frames
from analyzer.wire.connections cimport Connections
from analyzer.wire.decode.decoder cimport Decoder
from analyzer.wire.model cimport Connection
from analyzer.wire.packet cimport Packet

cdef long long PAUSE_NS

cdef class Engine:
    cdef public Frames frames
    cdef public Decoder decoder
    cdef public Connections table
    cdef public Packet packet
    cdef public object dns
    cdef public bint swept
    cdef public long long frames_seen, tcp_packets, capture_end, since_expiry
    cpdef list hand_over(self)
    cpdef bint read(self, int count) except -1
    cdef end(self)
