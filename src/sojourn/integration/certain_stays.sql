-- The stays of each key between two crossings that follow each other, with the key's crossings around them.
with days as (
    -- each day on which a key crossed: it came, or went, or both or neither is known
    select person_key, event_date,
        case when bool_and(coalesce(direction, '') = 'A') then 'A'
            when bool_and(coalesce(direction, '') = 'D') then 'D' end as direction
    from movements
    where event_date is not null
    group by person_key, event_date
),
journeys as (
    -- each of those days with the one before it and the two after
    select person_key, event_date, direction,
        lag(event_date) over journey as crossed_before,
        lead(event_date) over journey as next_date,
        lead(direction) over journey as next_direction,
        lead(event_date, 2) over journey as crossed_after
    from days
    window journey as (partition by person_key order by event_date)
)
select person_key as record_key, event_date as arrived, next_date as departed, crossed_before, crossed_after
from journeys
where direction = 'A' and next_direction = 'D' and date_diff('day', event_date, next_date) > 1
order by record_key, arrived
