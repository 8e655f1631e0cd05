from analyzer.capture.numbers cimport u16
from analyzer.frame.octets cimport cut
from analyzer.model.tls cimport Tls

cdef int SERVER_NAME, GROUPS, ALPN, SESSION_TICKET, PRE_SHARED_KEY, EARLY_DATA, SUPPORTED_VERSIONS, KEY_SHARE, PSK_MODES, TLS12
cdef int ENCRYPTED_CLIENT_HELLO, MAX_NAME, MAX_LIST, RANDOM, TLS13

cpdef bint read_client_hello(bytes data, Py_ssize_t at, Py_ssize_t end, Tls tls) except -1
cdef bint read_offers(bytes data, Py_ssize_t at, Py_ssize_t end, Tls tls) except -1
cdef bint read_offer(bytes data, int kind, Py_ssize_t at, Py_ssize_t end, Tls tls) except -1
cpdef int read_server_hello(bytes data, Py_ssize_t at, Py_ssize_t end, Tls tls) except -2
cpdef int read_cut_server_hello(bytes data, Tls tls) except -2
cpdef int read_answers(bytes data, Py_ssize_t at, Py_ssize_t end, Tls tls, int version) except -2
