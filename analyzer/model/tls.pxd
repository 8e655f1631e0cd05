cimport cython

cdef class Record:
    cdef public int kind, length, complete
    cdef public long long start, end, packet, time, last_packet, last_time, ack
    cpdef restart(self, int kind, int length, long long start)
    cpdef Record copy(self)

cdef class Alert:
    cdef public int side, level, code
    cdef public Record record

cdef class Tls:
    cdef public long long hello_packet, hello_time, hello_end_packet, hello_end_time, hello_start, hello_end
    cdef public int hello_complete, hellos, hello_size, retry_request, hello_record_version, sslv2, client_version, session_echo
    cdef public str sni, alpn, malformed, keys
    cdef public list alpn_offer, versions_offer, groups_offer, key_shares
    cdef public int psk_modes, certificate_asked, certificate_empty
    cdef public long long client_blind_from, client_blind_to, server_blind_from, server_blind_to
    cdef public list client_late, server_late
    cdef public int early_data, psk, ech, ticket, version, cipher, resumed, done_1_2, lost, hole, decrypted, idle
    cdef public bytes ciphers_offer, session_id, reply
    cdef public long long server_hello_packet, server_hello_time, server_hello_start, client_ccs, server_ccs
    cdef public long long hello_done_packet, hello_done_time, certificate_packet, reply_packet, reply_time
    cdef public dict certificate
    cdef public list alerts, client_records, server_records
    cdef public long long client_count, server_count
    cdef public Record client_last, server_last, client_prior, server_prior, client_finished, server_finished
