"""Frames from a running interface: the sources, best first, behind one small interface (`source.py`)."""
