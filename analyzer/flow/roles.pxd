from analyzer.flow.table cimport source_port
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Direction, Event, Side

# the constants of roles.py as C numbers
cdef int ACK, SYN, CLIENT, SERVER, NETWORK, SERVERS

cpdef int sender_of_first(Connection connection, Packet p, bytes key, bytes reverse, int kind) except -1
cpdef told_by_bytes(Connection connection, Direction side, int kind)
cpdef told_by_syn(Connection connection, Side side, int index)
cpdef bint swap(Connection connection) except -1
