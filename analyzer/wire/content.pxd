from analyzer.wire.model cimport Connection, Side

cdef class Content:
    cdef public Connection connection
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
