cimport cython

cdef class Milestone:
    cdef public str what
    cdef public int side, flags, ttl, ip_id, window, place
    cdef public long long packet, time, offset, ack, seq, length
    cdef public object note
    cpdef begin(self, str what, int side, long long packet, long long time)

cdef class Side:
    # What every packet touches comes first, so that it shares few cache lines. Numbers are as small as they can be: all
    # of it, with the collector's header, fits into the 512 bytes that Python's own allocator gives.
    cdef unsigned long long hosts
    cdef unsigned int ports
    cdef public signed char key_size, index, shift, ended
    cdef public Connection connection
    cdef public long long base, acked, end, next, limit, isn, fin_offset
    cdef public list pending
    cdef public long long bytes, skip, first_packet, last_packet, last_time, last_data_time, last_data_packet
    cdef public int packets
    cdef public signed char recent_at, wire_gap, timestamps, sack_ok
    cdef public unsigned long long recent0, recent1, recent2, recent3
    cdef public long long recent_time0, recent_time1, recent_time2, recent_time3
    cdef public int unanswered_keep_alives, rtx_since_ack
    cdef public long long ack_packet, ack_time, zero_since, first_data_packet, full_end
    cdef public int ip_ids, ip_id_jumps
    cdef public unsigned short data_ttl, ip_id, syn_id, port
    cdef public bytes key, address
    cdef unsigned long long endpoint
    cdef public short ttl, scale
    cdef public int mss, syns, retransmissions, duplicates, out_of_order, keep_alives, fins, rsts, pending_bytes
    cdef public long long other_isn, syn_time, first_data_time
    cdef public long long largest_rtx, sack_left, sack_right
    cdef public long long lost, cut, fin_packet, fin_time, rst_packet, rst_time
    cdef public long long hole_time, jump_time
    cdef public long long sent, sent_packet, sent_time

cdef class Connection:
    # The same here.
    cdef public Side client, server
    cdef public Connection before, after
    cdef public object early, unproven, content
    cdef public long long last_packet, last_time, established_time, closed_time
    cdef public signed char linked, half_open, fins_seen, midstream, roles_guessed, clock_step, final, version
    cdef public int interface, fruitless
    cdef public list exchanges, milestones
    cdef public tuple flags
    cdef public dict moved
    cdef public long long stream, first_packet, first_time, looked, look_again, kept
    cdef public long long syn_stamp, established_packet, capture_end, ignored_packet, challenge_ack
    cdef public int icmps, copies, ignored, ignored_resets, synack_after_ack, heard
    cdef public signed char reused, subflow, fast_open, ecn, one_way, simultaneous, stray, disputed, noted
    cdef public short socks_reply
    cdef public list strays
    cdef public object older
    cdef public tuple via, splits
    cdef public str protocol, socks_target
    cdef public Exchange connect
    cdef public Tls tls
    cdef public bytes other_first
    cpdef flag(self, str word)
    cpdef settle(self)

cdef class Record:
    cdef public int kind, length, complete
    cdef public long long start, end, packet, time, last_packet, last_time, ack
    cpdef restart(self, int kind, int length, long long start)

cdef class Alert:
    cdef public int side, level, code
    cdef public Record record

cdef class Tls:
    cdef public long long hello_packet, hello_time, hello_end_packet, hello_end_time, hello_start, hello_end
    cdef public int hello_complete, hellos, hello_size, retry_request, hello_record_version, sslv2, client_version, session_echo
    cdef public str sni, alpn, malformed
    cdef public list alpn_offer, versions_offer, groups_offer, key_shares
    cdef public int psk_modes, certificate_asked, certificate_empty
    cdef public long long client_blind_from, client_blind_to, server_blind_from, server_blind_to
    cdef public list client_late, server_late
    cdef public int early_data, psk, ech, ticket, version, cipher, resumed, done_1_2, lost, hole
    cdef public bytes ciphers_offer, session_id, reply
    cdef public long long server_hello_packet, server_hello_time, server_hello_start, client_ccs, server_ccs
    cdef public long long hello_done_packet, hello_done_time, certificate_packet, reply_packet, reply_time
    cdef public dict certificate
    cdef public list alerts, client_records, server_records
    cdef public long long client_count, server_count
    cdef public Record client_last, server_last, client_prior, server_prior, client_finished, server_finished

cdef class Http2:
    cdef public int reset_side, reset_goaway, asked, unread, client_blocked, server_blocked
    cdef public long long stream, reset_code, reset_packet, reset_time
    cdef public long long goaway_last, goaway_code, goaway_packet, goaway_time
    cdef public long long request_whole, response_whole, request_window, response_window

cdef class Exchange:
    cdef public int index, request_complete, expect_continue, status, response_complete, lost, authorized
    cdef public int request_unframed, response_unframed
    cdef public str method, target, host, user_agent, request_version, reason, response_framing, response_version, malformed
    cdef public long long request_packet, request_time, request_end_packet, request_end_time, request_start, request_end, request_ack
    cdef public long long request_body_expected, request_body_got, acked_time, acked_packet, quiet_since
    cdef public long long response_packet, response_time, response_end_packet, response_end_time, head_packet
    cdef public long long response_start, response_end, body_expected, body_got, body_lost, close_packet
    cdef public tuple interim
    cdef dict _headers
    cdef public bytes garbage, body_start, raw_fields
    cdef public Http2 h2

cdef class IcmpError:
    cdef public int version, kind, code, udp
    cdef public bytes sender, key
    cdef public long long seq, mtu, number, time
