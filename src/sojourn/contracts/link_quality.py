"""How well records were linked, by group of keys: aggregates in the secure zone, before any protection."""

from __future__ import annotations

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["LinkGap", "LinkQuality", "LinkRepresentativity", "LinkageError"]


class LinkQuality(Table, zone=Zone.SECURE):
    """How many keys of one group of a source were linked to another source, and what is expected to be wrong.

    Expectations and intervals follow from the probabilities of pairs, and are as good as these. Small groups
    are flagged and not withheld.
    """

    source: str = column("Source of the keys", key=True)
    other_source: str = column("Source to which they are linked; _T any other", key=True)
    breakdown: str = column("Attribute by which keys are grouped, `all` for all keys", key=True)
    category: str = column("Value of the attribute; _U not stated, _T all keys", key=True)
    all_keys: int = column("Keys of the group", required=True)
    linked_keys: int = column("Keys with at least one link", required=True)
    linked_share: float = column("Linked keys divided by keys")
    links: int = column("Links of the keys", required=True)
    candidates: int = column("Pairs of the keys that were looked at and kept", required=True)
    expected_false: float = column("Links expected to be of two persons", required=True)
    expected_missed: float = column("Pairs of one person expected among those not linked", required=True)
    false_variance: float = column("Variance of the number of false links", required=True)
    missed_variance: float = column("Variance of the number of missed links", required=True)
    precision: float = column("Estimated share of links that are right; null without links")
    precision_lower: float = column("Lower end of its interval of 95 per cent")
    precision_upper: float = column("Upper end of its interval of 95 per cent")
    recall: float = column("Estimated share of the true pairs looked at that were linked")
    recall_lower: float = column("Lower end of its interval of 95 per cent")
    recall_upper: float = column("Upper end of its interval of 95 per cent")
    share_of_keys: float = column("Share of the group in all keys", required=True)
    share_of_linked: float = column("Share of the group in all linked keys; null without any")
    standardised_difference: float = column(
        "Difference of the two shares in standard deviations; null without linked keys"
    )
    is_small: bool = column("Whether the group has too few keys to be judged", required=True)


class LinkGap(Table, zone=Zone.SECURE):
    """One measure of a group of keys beside that of all other keys, with whether that is chance."""

    source: str = column("Source of the keys", key=True)
    other_source: str = column("Source to which they are linked; _T any other", key=True)
    measure: str = column("linked_share, precision or recall", key=True)
    breakdown: str = column("Attribute by which keys are grouped", key=True)
    category: str = column("Value of the attribute; _U not stated", key=True)
    all_keys: int = column("Keys of the group", required=True)
    value: float = column("Measure of the group", required=True)
    value_of_others: float = column("Measure of all other keys", required=True)
    difference: float = column("The group's measure less that of the others", required=True)
    p_value: float = column(
        "Probability of such a difference by chance, for this comparison alone", required=True
    )
    adjusted_p_value: float = column("The same, for all comparisons made, by Holm", required=True)
    is_gap: bool = column("Whether it is beyond chance and large enough to be named", required=True)


class LinkRepresentativity(Table, zone=Zone.SECURE):
    """How alike linked keys are to all keys of a source, by one attribute."""

    source: str = column("Source of the keys", key=True)
    other_source: str = column("Source to which they are linked; _T any other", key=True)
    breakdown: str = column("Attribute by which keys are grouped", key=True)
    linked_share: float = column("Linked keys divided by keys", required=True)
    r_indicator: float = column("One less twice the standard deviation of the groups' shares", required=True)
    r_adjusted: float = column("The same, less what chance adds to the deviation", required=True)
    largest_bias: float = column(
        "Most by which a mean of the linked keys can be off, in standard deviations; null without linked keys"
    )


class LinkageError(Table, zone=Zone.SECURE):
    """How far the figure of one cell may be off as nobody knows which links are right, before protection."""

    time_period: str = column("Time to which the figure refers, SDMX notation", key=True)
    value: float = column(
        "The figure from the links that were found; null when it cannot be made",
        sensitivity=Sensitivity.SENSITIVE,
    )
    mean: float = column("Mean of the figure over the linked versions", sensitivity=Sensitivity.SENSITIVE)
    standard_error: float = column(
        "Standard error between the linked versions, by Rubin's rules", sensitivity=Sensitivity.SENSITIVE
    )
    error: float = column(
        "Standard error and the distance of the mean from the figure together, as a root mean square",
        sensitivity=Sensitivity.SENSITIVE,
    )
    versions: int = column("Linked versions that were drawn", required=True)
    reviewed_pairs: int = column(
        "Pairs that people decided in a review by which probabilities were corrected", required=True
    )
