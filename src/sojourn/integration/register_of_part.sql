-- What the register says of one part of the people, told by the hash of their key.
with whole as (            -- rows of the register, with the columns that a file may leave out
    select * from register
    union all by name
    select cast(null as varchar) as "group", cast(null as boolean) as entered, cast(null as boolean) as "left",
        cast(null as varchar) as residence
    where false
)
select cast(person_key as varchar) as person_key, year, "group", entered, "left", residence
from whole
where coalesce(hash(cast(person_key as varchar)) % $parts, 0) = $part
