"""What a table's learned model is: relations, features, conditional models, in an order of decoding."""

from hepack.learned.features import Feature
from hepack.learned.item import ItemModel, Key, lengths_of
from hepack.learned.model import TableModel
from hepack.learned.predictor import Predictor
from hepack.learned.quantiser import Quantised, Quantiser

__all__ = [
    "Feature", "ItemModel", "Key", "Predictor", "Quantised", "Quantiser", "TableModel", "lengths_of",
]  # fmt: skip
