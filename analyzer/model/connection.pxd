cimport cython

from analyzer.model.http cimport Exchange
from analyzer.model.tls cimport Tls

cdef class Event:
    cdef public str what
    cdef public int side, flags, ttl, ip_id, window, place
    cdef public long long packet, time, offset, ack, seq, length
    cdef public object note
    cpdef begin(self, str what, int side, long long packet, long long time)

cdef class Direction:
    # What every packet touches comes first, here and in the others, so that it shares few cache lines.
    cdef public signed char index
    cdef public signed char key_size, shift, ended  # a Side's, as is the next: here is room for them
    cdef unsigned int ports
    cdef public list pending
    cdef public long long next, skip, acked, end, last_data_time, last_data_packet, ack_packet, ack_time
    cdef public long long sent, lost, cut

cdef class Inner(Direction):
    cdef public long long ahead, before, first
    cpdef piece(self, long long start, long long end, long long length)

cdef class Side(Direction):
    # Numbers are as small as they can be: all of it, with the collector's header, fits into the 512 bytes that Python's
    # own allocator gives.
    cdef unsigned long long hosts
    cdef public Connection connection
    cdef public long long base, limit, isn, fin_offset
    cdef public long long bytes, first_packet, last_packet, last_time
    cdef public int packets
    cdef public signed char recent_at, wire_gap, timestamps, sack_ok
    cdef public unsigned long long recent0, recent1, recent2, recent3
    cdef public long long recent_time0, recent_time1, recent_time2, recent_time3
    cdef public int unanswered_keep_alives, rtx_since_ack
    cdef public long long zero_since, first_data_packet, full_end
    cdef public int ip_ids, ip_id_jumps
    cdef public unsigned short data_ttl, ip_id, syn_id, port
    cdef public bytes key, address
    cdef unsigned long long endpoint
    cdef public short ttl, scale
    cdef public int mss, syns, retransmissions, duplicates, out_of_order, keep_alives, fins, rsts, pending_bytes
    cdef public long long other_isn, syn_time, first_data_time
    cdef public long long largest_rtx, sack_left, sack_right
    cdef public long long fin_packet, fin_time, rst_packet, rst_time
    cdef public long long hole_time, jump_time
    cdef public long long sent_packet, sent_time

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
    cdef public signed char reused, subflow, fast_open, ecn, one_way, simultaneous, stray, disputed, noted, heeded
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

cdef class IcmpError:
    cdef public int version, kind, code, udp
    cdef public bytes sender, key
    cdef public long long seq, mtu, number, time
