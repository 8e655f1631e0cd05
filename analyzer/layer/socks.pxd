from analyzer.layer.kept cimport Kept, Waiting
from analyzer.layer.layer cimport Layer, Segment

# the constants of socks.py and its messages as C numbers
cdef int CLIENT, OVER, SOCKS4_REPLY, SOCKS5_METHOD, SOCKS5_LOGIN, SOCKS5_LOGIN_REPLY, SOCKS5_REQUEST, SOCKS5_REPLY
cdef int GRANTED_4, MORE, WRONG

cdef class Socks(Waiting):
    cdef public int step
    cdef public bytes opening
    cdef public Layer inner
    cdef bint goes_on(self) except -1
    cdef give_up(self)
    cdef settle(self)
    cpdef int greet(self, bytes head, bint five) except -2
    cpdef bint client_speaks(self) except -1
    cpdef int read(self, bytes head) except -2
    cpdef int reply5(self, bytes head) except -2
