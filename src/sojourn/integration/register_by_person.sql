-- The rows of the register, each with a number made from the person, by which they can be split.
with whole as (            -- rows of the register, with the columns that a file may leave out
    select * from register
    union all by name
    select cast(null as varchar) as "group", cast(null as boolean) as entered, cast(null as boolean) as "left",
        cast(null as varchar) as residence
    where false
)
select cast(person_key as varchar) as person_key, cast(year as bigint) as year, "group", entered, "left", residence,
    coalesce(hash(cast(person_key as varchar)), 0) as key_hash
from whole
