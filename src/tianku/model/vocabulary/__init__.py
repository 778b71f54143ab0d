"""Units and UCDs: what is valid, what was meant, and what a column's name suggests."""

from tianku.model.vocabulary.guesses import Guess, fold, guess_column
from tianku.model.vocabulary.ucds import suggest_ucds, ucd_problem, ucd_words
from tianku.model.vocabulary.units import NormalisedUnit, is_vounit, normalise_unit, same_unit, suggest_unit

__all__ = [
    "Guess",
    "NormalisedUnit",
    "fold",
    "guess_column",
    "is_vounit",
    "normalise_unit",
    "same_unit",
    "suggest_ucds",
    "suggest_unit",
    "ucd_problem",
    "ucd_words",
]
