from analyzer.model.http cimport Exchange, Http2
from analyzer.verdict.facts cimport Facts, span
from analyzer.verdict.model cimport Verdict
