from analyzer.fetch.model cimport Fetch
from analyzer.output.summary cimport Summary
from analyzer.output.written cimport Written
from analyzer.verdict.brief cimport Brief
from analyzer.verdict.model cimport Verdict, verdict_of
