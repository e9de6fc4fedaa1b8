-- The account of residents in each period under one framework: stock, what changed it, stock, what is left over.
with histories as (        -- each person's crossings in order, with where the one before left them
    select person_key, position, event_date, direction, class, residence_before, residence_after,
        lag(residence_after) over person as residence_left,
        lead(event_date) over person as next_date
    from events
    where position is not null
    window person as (partition by person_key order by position)
),
changes as (               -- every change of the residence: at a crossing, or between two that do not fit
    select event_date, direction, class, residence_before as was, residence_after as became, true as is_crossing
    from histories
    union all
    select event_date, direction, class, residence_left, residence_before, false
    from histories
    where residence_left <> residence_before
),
flows as (                 -- and how many there were
    select period,
        count(*) filter (where is_crossing and direction = 'A' and class in ('RES', 'LT')) as immigrations,
        count(*) filter (where is_crossing and direction = 'D' and class in ('RES', 'LT')) as emigrations,
        count(*) filter (where not is_crossing and was = 'N' and became = 'R') as unrecorded_immigrations,
        count(*) filter (where not is_crossing and was = 'R' and became = 'N') as unrecorded_emigrations,
        count(*) filter (where was = '_U' and became = 'R') as found_to_live_here,
        count(*) filter (where was = 'R' and became = '_U') as lost_from_sight,
        count(*) filter (where is_crossing and class = '_U') as undecided_crossings
    from changes join periods on event_date between first_day and last_day
    group by period
),
spells as (                -- where people live from crossing to crossing, and before the first
    select event_date as since, next_date as until, residence_after as residence from histories
    union all
    select null, event_date, residence_before from histories where position = 1
),
stocks as (                -- residents at the end of the day before each period, and of its last day
    select period,
        count(residence) filter (where (since is null or since < first_day) and (until is null or until >= first_day))
            as residents_at_start,
        count(residence) filter (where (since is null or since <= last_day) and (until is null or until > last_day))
            as residents_at_end
    from periods left join spells on residence = 'R'
    group by period
)
select period, residents_at_start,
    coalesce(immigrations, 0) as immigrations, coalesce(emigrations, 0) as emigrations,
    coalesce(unrecorded_immigrations, 0) as unrecorded_immigrations,
    coalesce(unrecorded_emigrations, 0) as unrecorded_emigrations,
    coalesce(found_to_live_here, 0) as found_to_live_here, coalesce(lost_from_sight, 0) as lost_from_sight,
    residents_at_end, coalesce(undecided_crossings, 0) as undecided_crossings
from stocks left join flows using (period)
