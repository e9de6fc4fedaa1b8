-- Permits after which nobody arrived, of those whose holders were not here and whose time is over.
with judged as (
    select permits.person_id, coalesce(category, '_U') as category,
        coalesce(was_here, false) as was_here, coalesce(has_arrived, false) as has_arrived
    from permits left join outcomes using (row)
    where valid_from >= $observed_from
        and (coalesce(has_arrived, false) or valid_from + cast($days as integer) <= $observed_until)
)
select 'permits-without-arrival' as measure, if(category is null, 'all', 'category') as breakdown,
    coalesce(category, '_T') as category, '_Z' as subcategory,
    count(*) filter (not has_arrived) as numerator, count(*) as denominator,
    count(distinct person_id) filter (not has_arrived) as numerator_people,
    count(distinct person_id) as denominator_people
from judged
where not was_here
group by grouping sets ((), (category))
having count(*) > 0
