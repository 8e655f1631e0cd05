cimport cython

from analyzer.fetch.model cimport Fetch
from analyzer.output.cells cimport CsvCells
from analyzer.output.row cimport csv_line
from analyzer.output.written cimport CsvRows
from analyzer.verdict.brief cimport Brief

@cython.final
cdef class CsvWriter:
    cdef object write
    cdef CsvCells cells
    cdef CsvRows rows
    cpdef fetch(self, Fetch fetch)
    cpdef brief(self, Brief brief)
