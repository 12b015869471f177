"""Relations between columns: found in the data, predicted in exact arithmetic, coded as what is left over."""

from hepack.relations.centred import Bare, Centred, centred_candidates, rebuild_centred
from hepack.relations.expression import Expression
from hepack.relations.families import Families
from hepack.relations.find import Found, find_alternatives, find_relations
from hepack.relations.kinds import NOTHING
from hepack.relations.relation import Relation
from hepack.relations.view import TableView, View

__all__ = [
    "NOTHING",
    "Bare",
    "Centred",
    "Expression",
    "Families",
    "Found",
    "Relation",
    "TableView",
    "View",
    "centred_candidates",
    "find_alternatives",
    "find_relations",
    "rebuild_centred",
]
