from analyzer.model.connection cimport Connection, Event, Side

cdef long long LOCAL_NS, LONGEST_NS
cdef int NEAR_SHARE

cpdef tuple round_trips(Connection connection)
cdef bint plain_opening(list[Event] marks) except -1
cpdef str vantage(Connection connection)
cdef str nearest_by_ttl(Connection connection)
cdef int first_ttl(Side side) except? -1
