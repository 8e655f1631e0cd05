"""Frames come in: files, compressed files, standard input, rotated sets."""

from analyzer.capture.files import Capture, CaptureSource, expand, open_capture

__all__ = ["Capture", "CaptureSource", "expand", "open_capture"]
