-- Pairs of keys that state one number of a document, or one in a national register, and nothing against it.
-- Each key is held against the first that states the number, so that holders of renewed passports, and of two
-- nationalities, hang together by what they share.
with stated as (
    -- every number of every key, without blanks and strokes; a number of a few signs identifies nobody
    select distinct unit, kind, upper(translate(nfc_normalize(number), ' -./', '')) as number
    from numbers
    where length(translate(number, ' -./', '')) >= 5
),
placed as (
    -- each with the first key that states the same
    select unit, min(unit) over (partition by kind, number) as first_unit
    from stated
)
select distinct placed.first_unit as one, placed.unit as other
from placed
join units as first_one on first_one.unit = placed.first_unit
join units as other_one on other_one.unit = placed.unit
where placed.first_unit < placed.unit
    and (first_one.sex is null or other_one.sex is null or first_one.sex = other_one.sex)
    and (
        first_one.birth_year is null or other_one.birth_year is null
        or abs(first_one.birth_year - other_one.birth_year) <= 1
    )
order by one, other
