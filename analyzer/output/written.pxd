from analyzer.fetch.model cimport Fetch
from analyzer.output.cells cimport CsvCells, quoted
from analyzer.output.depot cimport Depot
from analyzer.output.row cimport csv_line
from analyzer.verdict.brief cimport Brief

cdef class Written:
    cdef public Depot depot
    cpdef bytes row(self, Fetch fetch)
    cpdef bytes finished(self, bytes row, Brief brief)
    cpdef put(self, Brief brief)
    cpdef bytes take(self, Brief brief)

cdef class CsvRows(Written):
    cdef CsvCells cells
    cdef Py_ssize_t change(self, bytes row, Py_ssize_t at, Brief brief) except -1
    cdef Py_ssize_t copied(self, bytes row, Py_ssize_t at, int cells) except -1
    cdef Py_ssize_t longer(self, bytes row, Py_ssize_t at, str more) except -1

cdef int COMMA, QUOTE, FETCH, SUMMARY, FLAGS, ATTEMPT, KIND

cdef Py_ssize_t ends(bytes row, Py_ssize_t at, int cells) except -1
cpdef bint is_changed(Brief brief) except -1
