cimport cython

from analyzer.fetch.model cimport Fetch
from analyzer.output.cells cimport CsvCells
from analyzer.output.row cimport csv_line

@cython.final
cdef class CsvWriter:
    cdef object write
    cdef CsvCells cells
    cpdef fetch(self, Fetch fetch)
