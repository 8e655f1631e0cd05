cpdef str shown_target(str target)
cdef bint is_path(str target) except -1
cdef str left(str delimiter, str text)
cdef str without_user(str path)
cdef str bare(str authority)
cpdef str host_of(str authority)
