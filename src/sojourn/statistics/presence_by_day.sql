-- Arrivals, departures, people in the country and residents at the end of each day, of all who crossed the border.
with histories as (        -- each person's crossings in order, with where the one before left them
    select position, event_date, direction, residence_before, residence_after,
        lag(residence_after) over person as residence_left,
        -- where they are before it and after it: between two in one direction one was not recorded
        case when lag(direction) over person = direction then '_U' when direction = 'A' then 'OUT' else 'IN' end as was,
        case when lead(direction) over person = direction then '_U' when direction = 'A' then 'IN' else 'OUT' end as is_now
    from events
    where position is not null
    window person as (partition by person_key order by position)
),
days as (                  -- every day of the observation
    select unnest(generate_series($first_day::date, $last_day::date, interval 1 day))::date as day
),
changes as (               -- what each day changed
    select event_date as day,
        count(*) filter (where direction = 'A') as arrivals, count(*) filter (where direction = 'D') as departures,
        count(*) filter (where is_now = 'IN') - count(*) filter (where was = 'IN') as came,
        count(*) filter (where is_now = '_U') - count(*) filter (where was = '_U') as out_of_sight,
        count(*) filter (where residence_after = 'R') - count(*) filter (where coalesce(residence_left, residence_before) = 'R')
            as settled,
        count(*) filter (where residence_after = '_U') - count(*) filter (where coalesce(residence_left, residence_before) = '_U')
            as became_unknown
    from histories
    group by event_date
),
beginning as (             -- and how it began: who is first seen leaving was here
    select count(*) filter (where direction = 'D') as present, count(*) filter (where residence_before = 'R') as residents,
        count(*) filter (where residence_before = '_U') as of_unknown_residence
    from histories
    where position = 1
)
select day, coalesce(arrivals, 0) as arrivals, coalesce(departures, 0) as departures,
    (beginning.present + sum(coalesce(came, 0)) over until_then)::bigint as present,
    (sum(coalesce(out_of_sight, 0)) over until_then)::bigint as of_unknown_presence,
    (beginning.residents + sum(coalesce(settled, 0)) over until_then)::bigint as residents,
    (beginning.of_unknown_residence + sum(coalesce(became_unknown, 0)) over until_then)::bigint as of_unknown_residence
from days left join changes using (day), beginning
window until_then as (order by day)
