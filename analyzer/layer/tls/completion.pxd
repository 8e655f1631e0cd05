from analyzer.model.tls cimport Alert, Record, Tls

cdef int TLS12, TLS13, HANDSHAKE, CLIENT, SERVER, APPLICATION_DATA, MIN_FINISHED, EMPTY_CERTIFICATE, END_OF_EARLY_DATA, ALERT_13, ALERT_CCM_8, ALERT_JSSE
cdef int CCM_8, AES_256_GCM_SHA384, JSSE_RECORD_VERSION, MAX_FLIGHT

cdef class Completion:
    cdef public str state
    cdef public long long done_packet, done_time, done_end
    cdef public int confirmed, empty, authenticated, encrypted_alert
    cdef public Record aborted_record

cpdef Completion completion(Tls tls)
cdef int guessed_version(Tls tls) except -1
cdef bint blind_before(Tls tls, Record record) except -1
cdef complete_unseen(Tls tls, Completion done)
cdef Record first_data(list[Record] records)
cdef bint asked(Tls tls, Record finished) except -1
cdef complete_1_2(Tls tls, Completion done)
cdef complete_1_3(Tls tls, Completion done)
cdef opened_1_3(Tls tls, Completion done)
cdef complete_at(Tls tls, Record record, Completion done)
cdef abort(Completion done, Record record, int side)
cdef list[Record] client_after_hello(Tls tls)
cpdef bint is_early(Tls tls, Record record) except -1
cdef Py_ssize_t end_of_flight(list[Record] after, Py_ssize_t at) except -1
cpdef bint is_alert(Tls tls, Record record, int side) except -1
cpdef bint closing(Tls tls, Record record) except -1
cdef bint jsse_server(Tls tls) except -1
cdef bint only_alerts(Tls tls, list[Record] after, Py_ssize_t at) except -1
cdef bint server_saw(Tls tls, long long end) except -1
cdef bint proves_sight(Tls tls, Record record, long long end) except -1
