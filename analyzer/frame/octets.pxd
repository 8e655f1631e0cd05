cpdef bytes cut(bytes data, Py_ssize_t start, Py_ssize_t stop)
cpdef str latin(bytes data, Py_ssize_t start, Py_ssize_t stop)
cpdef bint equal(bytes data, Py_ssize_t at, bytes wanted) except -1
