cpdef bytes expand_label(str name, bytes secret, bytes label, Py_ssize_t length)
cpdef bytes following(str name, bytes secret)
