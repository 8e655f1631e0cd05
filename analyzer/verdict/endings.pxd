from analyzer.verdict.case cimport Case, span

cpdef str left(Case case)
cpdef str who_ended(Case case)
