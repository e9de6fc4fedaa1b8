-- Signs of life, each with a number made from the person, by which they can be split.
select cast(person_key as varchar) as person_key, register, year, n_events,
    coalesce(hash(cast(person_key as varchar)), 0) as key_hash
from signs
