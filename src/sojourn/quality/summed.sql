-- The counts of all parts together; no person is in two parts.
select measure, breakdown, category, subcategory,
    cast(sum(numerator) as bigint) as numerator, cast(sum(denominator) as bigint) as denominator,
    cast(sum(numerator_people) as bigint) as numerator_people,
    cast(sum(denominator_people) as bigint) as denominator_people
from counts
group by measure, breakdown, category, subcategory
