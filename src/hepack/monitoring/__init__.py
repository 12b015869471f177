"""Runs held against a reference: what moved, with a stated rate of false alarms."""
