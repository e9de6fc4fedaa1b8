-- Movements as crossings: who, when and in which direction, with everything else beside.
with instants as (         -- how long after the local day began at the easternmost place each one happened
    select *,
        epoch_us(event_time) - epoch_us(event_date::timestamptz) + 50400000000 as after_day_began,
        count(event_time) over same_day = count(*) over same_day as all_have_times
    from movements
    window same_day as (partition by person_key, event_date)
)
-- The local day counts, wherever the border point is; within it instants decide, if every crossing of the person
-- on that day has one. A day lasts 52 hours from its first moment in the east to its last in the west: they are
-- put into 24, in their order.
select * exclude (record_id, person_key, direction, after_day_began, all_have_times),
    record_id as crossing_id,
    person_key as person_id,
    direction as direction_code,
    case direction when 'A' then 'arrival' when 'D' then 'departure' end as direction,
    event_date::timestamp + to_microseconds(
        least(greatest(if(all_have_times, after_day_began, 0), 0), 187200000000 - 1) * 24 // 52
    ) as date
from instants
