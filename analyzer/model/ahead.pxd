from analyzer.model.connection cimport Connection, Event
from analyzer.model.http cimport Exchange

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define WHYFETCH_ASK(place) __builtin_prefetch(place)
    #else
    #define WHYFETCH_ASK(place) ((void)(place))
    #endif
    static void whyfetch_ask(const void *place, int size) {
        for (int at = 0; at < size; at += 64)
            WHYFETCH_ASK((const char *)place + at);
    }
    """
    void ask "whyfetch_ask"(const void *place, int size) noexcept

cdef int CONNECTION, SIDE, TLS, EXCHANGE, EVENT, LIST

cpdef connections(list batch, Py_ssize_t begin, Py_ssize_t end)
