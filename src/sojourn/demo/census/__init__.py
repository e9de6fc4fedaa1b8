"""A small census with every question on migration, a sample of it, and emigrants whom households report.

For trying out and checking migration tables: figures of the sample can be held against those of the census.
Nobody in it exists.
"""

from sojourn.demo.census.answers import Answers, answers_of
from sojourn.demo.census.files import CensusFiles, write_census
from sojourn.demo.census.people import Households, households_of

__all__ = ["Answers", "CensusFiles", "Households", "answers_of", "households_of", "write_census"]
