from analyzer.fetch.model cimport Fetch
from analyzer.output.cells cimport CsvCells, csv_text, quoted
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
    cdef str file
    cdef Py_ssize_t head
    cdef bytes changed(self, bytes row, Brief brief)

cpdef bint is_changed(Brief brief) except -1
