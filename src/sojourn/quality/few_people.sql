-- Measures without the numbers behind which there are some persons, but fewer than are shown.
with judged as (
    select *, numerator_people between 1 and $minimum - 1 as has_few,
        denominator_people between 1 and $minimum - 1 as is_of_few
    from measures
)
select measure, breakdown, category, subcategory,
    if(has_few or is_of_few, null, numerator) as numerator,
    if(is_of_few, null, denominator) as denominator,
    if(has_few or is_of_few, null, numerator_people) as numerator_people,
    if(is_of_few, null, denominator_people) as denominator_people,
    if(has_few or is_of_few, null, share) as share,
    target,
    if(has_few or is_of_few, 'few-people', verdict) as verdict,
    reason
from judged
order by measure, breakdown, category, subcategory
