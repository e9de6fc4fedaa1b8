-- Permits of persons who crossed the border: whether they were here when it began, or arrived in time.
with crossings as (        -- the crossings of these persons, before and after each permit's first day
    select permits.row, permits.valid_from, facts.day, facts.heading, facts.place,
        max(facts.place) filter (facts.day <= permits.valid_from) over (partition by permits.row) as last_before
    from permits join facts on cast(facts.person_id as varchar) = cast(permits.person_id as varchar)
    where facts.is_usable
)
select row,
    bool_or(heading = 'arrival' and place = last_before)
        or bool_or(heading = 'departure' and last_before is null and place = 1) as was_here,
    bool_or(heading = 'arrival' and day > valid_from and day <= valid_from + cast($days as integer))
        as has_arrived
from crossings
group by row
