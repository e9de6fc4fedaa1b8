-- Measures without the numbers behind which there are some persons, but fewer than are shown.
with judged as (
    -- The rest of the denominator is a number of people too: with few in it, the numerator would give it away.
    select *, coalesce(numerator_people between 1 and $minimum - 1, false)
            or coalesce(denominator - numerator between 1 and $minimum - 1, false) as has_few,
        coalesce(denominator_people between 1 and $minimum - 1, false) as is_of_few
    from measures
)
select measure, breakdown, category, subcategory,
    if(has_few or is_of_few, null, numerator) as numerator,
    if(is_of_few, null, denominator) as denominator,
    if(has_few or is_of_few, null, numerator_people) as numerator_people,
    if(is_of_few, null, denominator_people) as denominator_people,
    if(has_few or is_of_few, null, share) as share,
    target, verdict, has_few or is_of_few or withheld as withheld, reason
from judged
order by measure, breakdown, category, subcategory
