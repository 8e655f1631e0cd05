from analyzer.wire.model cimport Record, Side, Tls

cdef class RecordWalk:
    cdef public Tls tls
    cdef public int index, version, open, wanted, dead, replying
    cdef public list records
    cdef public long long count, end, header_packet, header_time, header_ack
    cdef public Record last, prior
    cdef public bytes header
    cpdef bint wants(self, int kind, int length)
    cpdef body(self, bytes data, long long offset, long long packet, long long time)
    cpdef complete(self, Record record)
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length)
    cpdef torn(self)
    cpdef lose(self)
    cpdef _running(self, Side side, bytes data, Py_ssize_t at, long long left, long long packet, long long time)
    cpdef _finish(self, bytes data, Py_ssize_t at, Py_ssize_t end, long long offset, long long packet, long long time)
    cpdef _begin(self, int kind, int length, long long start, long long packet, long long time, long long ack)
    cpdef Py_ssize_t _header(
        self, Side side, bytes data, Py_ssize_t at, long long offset, long long packet, long long time, long long ack
    )
    cpdef _bad(self, Side side, bytes first, long long packet, long long time)
    cpdef reply(self, Side side, bytes data)
