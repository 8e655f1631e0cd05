from analyzer.wire.model cimport Record, Tls

cdef int APPLICATION_DATA, RC4_MD5, TLS12, TLS13, CCM_8_13, TAG, SHORT_TAG, INNER_TYPE, NONCE, SHA1, SHA256, SHA384, AES_BLOCK, DES_BLOCK
cdef int SHORTEST_REQUEST, FULL_REQUEST, WINDOW_UPDATE, PING, SETTINGS_ACK, H2_PREFACE, H2_SHORTEST_HEADERS, H2_CONTROL

cpdef int plain(Tls tls, Record record) except -1
cpdef int overhead(int version, int cipher) except -1
cdef int block_overhead(int version, int cipher) except -1
cpdef bint may_be_h2(Tls tls) except -1
