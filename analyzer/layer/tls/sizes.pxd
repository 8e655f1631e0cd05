from analyzer.model.tls cimport Record, Tls

cdef int APPLICATION_DATA, RC4_MD5, TLS12, TLS13, CCM_8_13, TAG, SHORT_TAG, INNER_TYPE, NONCE, SHA1, SHA256, SHA384, AES_BLOCK, DES_BLOCK
cdef int WINDOW_UPDATE, PING

cpdef int plain(Tls tls, Record record) except -1
cpdef int overhead(int version, int cipher) except -1
cdef int block_overhead(int version, int cipher) except -1
cpdef bint may_be_h2(Tls tls) except -1
