"""The `.pkt` notation: one connection or a few as a text that people read, write and mail (docs/timelines.md).

`whyfetch case` prints it (analyzer/output/case), every command that reads captures reads it, and the tests are written
in it. What a text means is a capture: `timeline.parse` reads the text, `build.pcap` makes the file of it. Nothing here
knows how captures are read.
"""
