"""Frames come in: files, compressed files, standard input, rotated sets."""
