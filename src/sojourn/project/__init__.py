"""The country project: a folder of declarations that people write, read into typed values.

Everything is checked before anything runs, all mistakes are reported at once, and each names its file
and line.
"""
