cimport cython

from analyzer.model.connection cimport Connection, Event, Side
from analyzer.model.tls cimport Tls

cdef class Flow:
    cdef public long long stream
    cdef public bytes client, server, host, ciphers
    cdef public int client_port, server_port, server_ttl, midstream, tls_version, tunnel_login
    cdef public tuple splits
    cdef public bint proxied, post_quantum, ecn, disputed
    cdef public long long first_packet, last_packet, last_time, established_time, last_syn, refused_time, to_client
    cdef public long long client_fin, client_rst, server_fin, server_rst
    cdef public long long client_syns, client_bytes, server_bytes, client_retransmissions, server_retransmissions
    cdef public str vantage, tunnel, alpn, sni, decrypted, keys
    cdef public dict certificate
    cdef secured(self, Tls tls)
    cpdef long long over(self, long long start) except? -1

cdef dict _shared, _shared_texts
cdef int MAX_SHARED
cdef long long LONGEST_NS

cpdef bytes shared(bytes value)
cpdef str shared_text(str value)
cdef long long sooner(long long end, long long time, long long start) except? -1
cdef long long last_syn(Connection connection) except? -1
