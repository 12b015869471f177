"""Triggers: streams of events, cut-based paths, and what an anomaly trigger adds at the same rate."""
