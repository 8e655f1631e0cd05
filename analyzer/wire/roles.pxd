from analyzer.wire.detection cimport looks_like
from analyzer.wire.model cimport Connection, Milestone, Side
from analyzer.wire.packet cimport Packet
from analyzer.wire.table cimport source_port

# the constants of roles.py as C numbers
cdef int ACK, SYN, CLIENT, SERVER, NETWORK, SERVERS

cpdef int sender_of_first(Connection connection, Packet p, bytes key, bytes reverse) except -1
cpdef told_by_bytes(Connection connection, Side side, int kind)
cpdef told_by_syn(Connection connection, Side side, int index)
cpdef bint swap(Connection connection) except -1
