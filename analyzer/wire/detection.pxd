cpdef int client_protocol(bytes data)
cpdef int looks_like(bytes data)
cpdef bint on_record_boundary(bytes data)
