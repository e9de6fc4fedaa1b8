"""A country for testing record linkage: the same persons in five sources, and the truth beside them."""

from sojourn.demo.identities.country import LinkageCountry, write_linkage_country
from sojourn.demo.identities.rates import FLOOR, LINKAGE_RATES, SOURCES

__all__ = ["FLOOR", "LINKAGE_RATES", "SOURCES", "LinkageCountry", "write_linkage_country"]
