cpdef str shown_target(str target)
cdef Py_ssize_t path_size(str target) except? -1
cdef str left(str shown, str text)
cdef str without_user(str path)
cdef str bare(str authority)
cpdef str host_of(str authority)
