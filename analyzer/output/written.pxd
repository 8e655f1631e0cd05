from analyzer.fetch.model cimport Fetch
from analyzer.output.cells cimport CsvCells, quoted
from analyzer.output.depot cimport Depot
from analyzer.output.row cimport csv_line
from analyzer.verdict.brief cimport Brief, turn_of
from analyzer.verdict.packed cimport Packing
from analyzer.verdict.turn cimport Turn

cdef class Written:
    cdef public Depot depot
    cdef public Packing packing
    cpdef begin(self)
    cpdef bytes row(self, Fetch fetch)
    cpdef bytes finished(self, bytes row, Brief brief)
    cpdef Turn put(self, Brief brief, long long waiting)
    cpdef Brief brief(self, Turn turn)
    cpdef bytes take(self, Brief brief)

cdef class CsvRows(Written):
    cdef CsvCells cells
    cdef Py_ssize_t change(self, bytes row, Py_ssize_t at, Brief brief) except -1
    cdef Py_ssize_t copied(self, bytes row, Py_ssize_t at, int cells) except -1
    cdef Py_ssize_t longer(self, bytes row, Py_ssize_t at, str more) except -1

cdef int COMMA, QUOTE, FETCH, SUMMARY, FLAGS, ATTEMPT, KIND

cdef Py_ssize_t ends(bytes row, Py_ssize_t at, int cells) except -1
cpdef bint is_changed(Brief brief) except -1
