from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.fetch.registries cimport Package
from analyzer.output.cells cimport Cells, CsvCells
from analyzer.output.words cimport address
from analyzer.verdict.model cimport Verdict

cdef tuple NO_CERTIFICATE, NO_TLS

cpdef bytes csv_line(CsvCells cells, Fetch fetch)
cpdef fill(Cells cells, Fetch fetch)
cdef wanted(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef decided(Cells cells, Fetch fetch, Flow flow, Verdict verdict)
cdef secure(Cells cells, Flow flow)
cdef counted(Cells cells, Flow flow)
cdef grouped(Cells cells, Fetch fetch)
cdef asked(Cells cells, Package package)
cdef if_any(Cells cells, long long value)
