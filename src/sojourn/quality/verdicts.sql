-- Counts as shares with their targets and verdicts; a measure of the whole is never missing without a reason.
with compared as (         -- residents by their crossings, of the population counted elsewhere
    select 'resident-of-population' as measure, 'citizenship' as breakdown, counts.category, '_Z' as subcategory,
        counts.numerator, cast(population.persons as bigint) as denominator, counts.numerator_people,
        cast(population.persons as bigint) as denominator_people
    from counts join population on population.citizenship = counts.category
    where counts.measure = 'resident' and counts.breakdown = 'citizenship'
),
given as (                 -- what was counted, without measures of columns that nobody gave
    select counts.*
    from counts left join known using (measure)
    where known.lacks is null
    union all by name
    select * from compared
),
expected as (              -- and measures of the whole that were not counted, with what they lack
    select known.measure, 'all' as breakdown, '_T' as category, '_Z' as subcategory,
        coalesce('not-given ' || known.lacks, 'nothing-counted') as reason
    from known
    where not exists (
        select 1 from given where given.measure = known.measure and given.breakdown = 'all'
    )
),
complete as (
    select *, cast(null as varchar) as reason from given
    union all by name
    select * from expected
),
shared as (
    select complete.*, numerator / nullif(denominator, 0) as share, target
    from complete left join targets on targets.measure = complete.measure
)
select measure, breakdown, category, subcategory, numerator, denominator, numerator_people, denominator_people,
    share, target,
    case when share is null then 'not-computed' when target is null then 'no-target'
        when share < target then 'met' else 'not-met' end as verdict,
    false as withheld,
    if(share is null, coalesce(reason, 'nothing-counted'), null) as reason
from shared
order by measure, breakdown, category, subcategory
