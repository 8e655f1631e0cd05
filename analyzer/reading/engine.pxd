from analyzer.capture.frame cimport Frames
from analyzer.flow.chain cimport Chain
from analyzer.frame.decoder cimport Decoder
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.connections cimport Connections
from analyzer.tcp.fast_path cimport FastPath
from analyzer.tcp.reassembly cimport Reassembler

cdef int CLIENT, DNS_PORT
cdef long long PAUSE_NS, LOOK_NS

cdef class Engine:
    cdef public Frames frames
    cdef public Decoder decoder
    cdef public Connections table
    cdef public Packet packet
    cdef public object dns
    cdef public FastPath fast_path
    cdef public bint looking, idle, short
    cdef public int size
    cdef public long long frames_seen, tcp_packets, capture_end, look, told
    cpdef list hand_over(self)
    cpdef bint read(self, int count) except -1
    cdef account(self, Frames frames)
    cdef reach(self, long long time)
    cdef tick(self, long long time)
    cdef end(self)
