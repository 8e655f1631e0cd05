from analyzer.verdict.case cimport Case, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Connection, Milestone
