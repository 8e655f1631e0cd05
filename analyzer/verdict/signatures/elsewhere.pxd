from analyzer.verdict.case cimport Case, count, span
from analyzer.verdict.model cimport Evidence, Verdict
from analyzer.wire.elsewhere cimport Stray
from analyzer.wire.model cimport Milestone
