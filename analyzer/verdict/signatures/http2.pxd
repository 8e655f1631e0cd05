from analyzer.verdict.case cimport Case
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Exchange, Http2
