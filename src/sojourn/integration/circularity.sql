-- Each person with the crossings that count towards circular migration, as seen on a reference date.
with following as (        -- each crossing with the day on which the stay after it ended, if it has
    select person_id, date, crossing_id,
        lead(date) over (partition by person_id order by date, crossing_id) as ended
    from crossings
    where date <= $reference
),
stays as (                 -- and the days of that stay; one that goes on counts as far as it is known
    select person_id, date, coalesce(least(ended, $reference), $reference) - date as days
    from following
),
counted as (               -- how many in the last ten years were long enough
    select person_id,
        count(*) filter (where date > $reference - interval 10 year and days >= $threshold_days) as qualifying
    from stays
    group by person_id
)
select person_id, qualifying, qualifying >= 3 as is_circular
from counted
