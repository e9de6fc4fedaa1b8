"""Samples that reach migrants: how large, where, drawn how, at what cost, and whether they keep their promise."""
