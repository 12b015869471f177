"""Anomaly scores of events and objects, calibrated on a reference sample."""
