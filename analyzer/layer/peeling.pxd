from analyzer.layer.intake cimport Intake, Waiting
from analyzer.layer.socks cimport Socks
from analyzer.model.connection cimport Connection

# the constants of detection.py, prologue.py and socks.py as C numbers
cdef int MORE, WRONG, OVER, SOCKS5

cdef class Peeling(Waiting):
    cdef public int prologues
    cdef public Socks socks
    cdef begin_peeling(self, Connection connection)
    cpdef bint _proxy(self, Intake client, bytes head)
    cpdef bint _socks_begins(self, Intake client, bytes head, int kind)
    cpdef bint _peel(self, Intake client, int size, str via)
    cpdef bint _socks(self, Socks socks)
    cpdef _note(self, str via)
    cpdef _pass(self, str protocol)
