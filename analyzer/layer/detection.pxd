from analyzer.frame.octets cimport equal

cpdef int client_protocol(bytes data) except -1
cpdef int looks_like(bytes data) except -1
cpdef bint on_record_boundary(bytes data) except -1
cdef int _tls(bytes data) except -1
cdef int _text(bytes data) except -1
cdef int _known_method(bytes data, Py_ssize_t space) except -1
cpdef int refusal(bytes data) except -2
cdef int _prefix(bytes data, bytes known, int code) except -1
cdef int _sslv2(bytes data) except -1
cdef int _socks4(bytes data) except -1
cdef int _socks5(bytes data) except -1
