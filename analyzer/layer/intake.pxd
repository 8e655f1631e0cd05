from analyzer.model.connection cimport Connection, Side

cdef int CLIENT, WINDOW

cdef class Intake:
    cdef public long long start, at
    cdef public object data
    cdef public list pieces
    cpdef add(self, bytes data, long long packet, long long time, long long ack)
    cpdef bytes head(self)

cdef class Waiting:
    cdef public Connection connection
    cdef public Intake from_client, from_server
    cdef begin(self, Connection connection)
    cpdef data(
        self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long packet, long long time, long long ack
    )
    cdef Intake intake_of(self, Side side)
    cdef replay(self)
    cdef hand_on(self, Side side, Intake intake)
    cdef hand_over(self, Side side, bytes data, long long start, long long packet, long long time, long long ack)
