"""Samples that reach migrants: how large, where, drawn how, at what cost, and what they then say."""
