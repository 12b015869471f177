"""The search for relations in a table."""

from hepack.relations.find.finder import Found, find_alternatives, find_relations

__all__ = ["Found", "find_alternatives", "find_relations"]
