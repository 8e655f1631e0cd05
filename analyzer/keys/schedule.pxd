from analyzer.keys.mac cimport hmac, hmacs

cdef Py_ssize_t IV

cpdef bytes expand_label(str name, bytes secret, bytes label, Py_ssize_t length)
cpdef tuple traffic_keys(str name, bytes secret, Py_ssize_t size)
cpdef bytes following(str name, bytes secret)
