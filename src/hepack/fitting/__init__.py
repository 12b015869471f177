"""Learn a table's model: relations, then a conditional model of each item, where it pays for its bytes."""

from hepack.fitting.table import CAMPAIGN, CAMPAIGN_EVENTS, FitOptions, Fitted, fit_table

__all__ = ["CAMPAIGN", "CAMPAIGN_EVENTS", "FitOptions", "Fitted", "fit_table"]
