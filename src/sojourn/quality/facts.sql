-- Each record of a crossing with what is counted of it; a column that was not given is empty throughout.
-- What holds of a record is a number with a bit for each claim; crossings.sql names the bits.
with whole as (
    select * from placed
    union all by name
    select cast(null as varchar) as border_point, cast(null as varchar) as citizenship,
        cast(null as varchar) as sex, cast(null as varchar) as birth_year, cast(null as varchar) as visa,
        cast(null as varchar) as intended_days
    where false
),
known as (                 -- the codes of what is not known become one
    select whole.* exclude (border_point, citizenship, sex, birth_year, visa, intended_days),
        cast(date as date) as day,
        coalesce(nullif(cast(border_point as varchar), ''), '_U') as border_point,
        coalesce(nullif(cast(citizenship as varchar), ''), '_U') as citizenship,
        nullif(nullif(cast(sex as varchar), ''), '_U') as sex,
        try_cast(birth_year as integer) as birth_year,
        coalesce(try_cast(whole.intended_days as integer), intentions.intended_days) as intended_days,
        place is not null as is_usable,
        coalesce(problem = 'duplicate', false) as is_duplicate
    from whole
    left join intentions on intentions.visa = cast(whole.visa as varchar)
    where problem is distinct from 'outside-observation'
)
select person_id, person, place, day, resident_before, resident_after, is_migration,
    border_point, citizenship, sex, birth_year, intended_days, is_usable,
    coalesce(place = crossings_of_person, false) as is_last,
    if(direction in ('arrival', 'departure'), cast(direction as varchar), '_U') as heading,
    coalesce(12 * year(day) + month(day) - 1, 0) as month,
    coalesce(least(datesub('month', day, $observed_until), 24), -1) as age,
    1
        + 2 * cast(is_usable as integer)
        + 4 * cast(is_usable and crossings_of_person > 1 and not follows_same and not precedes_same as integer)
        + 8 * cast(is_usable and crossings_of_person = 1 as integer)
        + 16 * cast(is_usable or is_duplicate as integer)
        + 32 * cast(is_duplicate as integer)
        + 64 * cast(is_usable and place > 1 as integer)
        + 128 * cast(follows_same as integer)
        + 256 * cast(is_usable and direction = 'arrival' as integer)
        + 512 * cast(precedes_same and direction = 'arrival' as integer)
        + 1024 * cast(is_usable and direction = 'departure' as integer)
        + 2048 * cast(follows_same and direction = 'departure' as integer)
        + 4096 * cast(is_usable and unresolved as integer)
        + 8192 * cast(is_usable and citizenship = '_U' as integer)
        + 16384 * cast(is_usable and birth_year is null as integer)
        + 32768 * cast(is_usable and sex is null as integer)
        + 65536 * cast(is_usable and border_point = '_U' as integer) as claims
from known
