-- Each key with the person for whom it stands. Persons are named after the first of their keys, so that equal
-- inputs give equal names; what names them is a digest of what is itself a keyed pseudonym.
with firsts as (
    -- each unit once, with the name that its person has if it is the first
    select unit, left(sha256('person|' || source || '|' || record_key), 32) as person_key from keys
)
select keys.source, keys.record_key, firsts.person_key, keys.method, keys.probability, keys.records,
    keys.sex, keys.birth_year, keys.citizenship, keys.birthplace, keys.script,
    keys.document_no is not null as has_document,
    coalesce(
        length(birth_date) = 10 and substr(birth_date, 6, 2) <> '00' and substr(birth_date, 9, 2) <> '00',
        false
    ) as has_birth_day,
    keys.last_seen
from keys join firsts on firsts.unit = keys.first_unit
order by keys.unit
