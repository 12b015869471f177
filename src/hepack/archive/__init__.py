"""Packed files as wholes: pack, open, unpack, verify, recover, reduce, inspect, many files at once."""
