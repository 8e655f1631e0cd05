from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.admission cimport Admission
from analyzer.tcp.ordering cimport Early, adopt, bare_reset, fits, is_early

# the constants of reordering.py as C numbers
cdef int ACK, CLIENT, RST, SERVER, SYN
cdef long long PATIENCE_NS, MAX_ALL, MAX_WAITING, MAX_EARLY_BYTES

cdef class Reordering(Admission):
    cdef public object early
    cdef public long long patience, waiting, early_bytes
    cdef begin_reordering(self)
    cdef in_order(self, Side side, Packet p, str note)
    cdef reorder(self, Connection connection, Side side, Packet p, str note)
    cdef wait(self, Connection connection, long long time)
    cdef place_in_order(self, Connection connection, Side side, Packet p, str note)
    cdef let_go(self, Connection connection)
    cdef let_all_go(self, Connection connection)
    cdef list take_waiting(self, Connection connection)
    cdef forget_early(self, Packet p)
    cdef wait_no_more(self, long long now)

cpdef Side other(Side side)
cpdef Side sender(Connection connection, Packet p)
cpdef Py_ssize_t in_turn_now(Connection connection, Early early) except -2
