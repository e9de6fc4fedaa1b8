-- Signs of life of one part of the people, told by the hash of their key, and only in the years asked for.
select cast(person_key as varchar) as person_key, register, year, n_events
from signs
where hash(cast(person_key as varchar)) % $parts = $part and year between $first_year and $last_year
