-- Permits whose time to arrive is over: after which nobody arrived, and whose persons have no crossing at all.
with judged as (
    select permits.person_id, coalesce(category, '_U') as category,
        outcomes.row is not null as has_crossings,
        coalesce(was_here, false) as was_here, coalesce(has_arrived, false) as has_arrived
    from permits left join outcomes using (row)
    where valid_from >= $observed_from
        and (coalesce(has_arrived, false) or valid_from + cast($days as integer) <= $observed_until)
),
counted as (
    select 'permits-without-arrival' as measure, category, person_id, not has_arrived as holds
    from judged
    where has_crossings and not was_here
    union all
    select 'permits-without-crossing' as measure, category, person_id, not has_crossings as holds
    from judged
)
select measure, if(category is null, 'all', 'category') as breakdown,
    coalesce(category, '_T') as category, '_Z' as subcategory,
    count(*) filter (holds) as numerator, count(*) as denominator,
    count(distinct person_id) filter (holds) as numerator_people,
    count(distinct person_id) as denominator_people
from counted
group by grouping sets ((measure), (measure, category))
