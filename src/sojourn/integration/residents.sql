-- Who is in the country, or may live in it, at the end of each reference day, of all who crossed its border.
with histories as (        -- each person's crossings in order, with the day and direction of the next one
    select *, lead(event_date) over person as next_date, lead(direction) over person as next_direction
    from events
    where position is not null
    window person as (partition by person_key order by position)
),
spells as (                -- from crossing to crossing: the side of the border and the residence meanwhile
    select person_key, event_date as first_day, next_date as until_day,
        -- between two in the same direction one was not recorded, and when it was is not known
        case when direction = next_direction then '_U' when direction = 'A' then 'IN' else 'OUT' end as presence,
        residence_after_1998 as residence_1998, residence_after_2021_06 as residence_2021_06,
        residence_after_2021_12 as residence_2021_12, residence_after_national as residence_national,
        sex, birth_year, birthplace, citizenship, visa
    from histories
    union all              -- and before the first crossing
    select person_key, null, event_date, case direction when 'A' then 'OUT' else 'IN' end,
        residence_before_1998, residence_before_2021_06, residence_before_2021_12, residence_before_national,
        sex, birth_year, birthplace, citizenship, visa
    from histories
    where position = 1
)
select person_key, reference_date, presence, residence_1998, residence_2021_06, residence_2021_12, residence_national,
    sex, birth_year, birthplace, citizenship, visa
from spells join days
    on (first_day is null or first_day <= reference_date) and (until_day is null or until_day > reference_date)
where presence <> 'OUT' or residence_1998 <> 'N' or residence_2021_06 <> 'N' or residence_2021_12 <> 'N'
    or residence_national <> 'N'
