-- The best value of each attribute of each person, by the declared order of sources, and where it comes from.
with heard as (           -- what each record says of an attribute for which its source counts
    select said.*, orders.place,
        -- how far back the record lies: one without a day lies farther than any other
        date '9999-12-31' - coalesce(reference_date, date '0001-01-01') as days_back,
        value = '_U' as is_unknown
    from said join orders on said.attribute = orders.attribute and said.source = orders.source
    where reference_date is null or reference_date <= $as_of
),
by_value as (             -- each different value of a person's attribute: its best record, and how often it is said
    select person_key, attribute, value, is_unknown, count(*) as times,
        min(struct_pack(place := place, days_back := days_back, record_id := record_id, source := source,
            reference_date := reference_date)) as record
    from heard
    group by person_key, attribute, value, is_unknown
),
best as (                 -- the best of them: stated before unknown, source, day, how often, record
    select person_key, attribute,
        min(struct_pack(is_unknown := is_unknown, place := record.place, days_back := record.days_back,
            rarity := -times, record_id := record.record_id, value := value, source := record.source,
            reference_date := record.reference_date)) as chosen,
        coalesce(sum(times) filter (not is_unknown), 0) as records,
        count(*) filter (not is_unknown) as stated_values
    from by_value
    group by person_key, attribute
)
select cast($as_of as date) as as_of, person_key, attribute, chosen.value as value, chosen.source as source, chosen.record_id as record_id,
    chosen.reference_date as reference_date, cast(records as bigint) as records, stated_values
from best
