"""Blocks of events to bytes and back: recipes, plans, the choice of coders."""
