from analyzer.verdict.case cimport Case, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Alert, Record
