from analyzer.model.connection cimport Connection

# the constants of socks.py and prologue.py as C numbers
cdef int SOCKS4_REPLY, SOCKS5_METHOD, SOCKS5_LOGIN, SOCKS5_LOGIN_REPLY, SOCKS5_REQUEST, SOCKS5_REPLY
cdef int GRANTED_4, MORE, WRONG

cdef class Socks:
    cdef public Connection connection
    cdef public int step
    cpdef int begin(self, bytes head, bint five) except -2
    cpdef bint client_speaks(self) except -1
    cpdef int read(self, bytes head) except -2
    cpdef int reply5(self, bytes head) except -2
