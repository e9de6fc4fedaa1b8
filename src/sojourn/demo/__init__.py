"""Ruritania: a generated country, its ministries' imperfect files, and the truth behind them.

Methods are scored where the truth is known, and newcomers see a whole project work before they touch a
record of their own. Nobody in it exists.
"""

from sojourn.demo.generation import Generated, generate
from sojourn.demo.writing import DeliveredFile

__all__ = ["DeliveredFile", "Generated", "generate"]
