"""Quality reports: how good are the records that figures are made from?

Every measure is a share with its numerator, its denominator, a target where there is one, and a plain
verdict. What cannot be computed says why and is never zero.
"""
