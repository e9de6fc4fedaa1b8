-- Crossings for which a measure holds, and those for which it could: whole and by category.
with measures (measure, numerator, denominator) as (    -- the claims of a record, as facts.sql numbers them
    values ('usable', 2, 1), ('matched', 4, 1), ('alone', 8, 2), ('duplicates', 32, 16),
        ('direction-violations', 128, 64), ('unmatched-arrivals', 512, 256),
        ('unmatched-departures', 2048, 1024), ('unresolved', 4096, 2), ('unknown-citizenship', 8192, 2),
        ('unknown-birth-year', 16384, 2), ('unknown-sex', 32768, 2), ('unknown-border-point', 65536, 2)
),
records as (               -- a column by which rows are not grouped is null
    select month, heading, border_point, citizenship, age, claims, count(*) as records, 0 as people
    from facts
    group by grouping sets (
        (claims), (claims, month), (claims, heading), (claims, border_point), (claims, citizenship),
        (claims, age), (claims, border_point, month)
    )
),
of_person as (             -- the claims of any record that a person has in a category
    select person, month, heading, border_point, citizenship, age, bit_or(claims) as claims
    from facts
    group by grouping sets (
        (person), (person, month), (person, heading), (person, border_point), (person, citizenship),
        (person, age), (person, border_point, month)
    )
),
people as (
    select month, heading, border_point, citizenship, age, claims, 0 as records, count(*) as people
    from of_person
    group by month, heading, border_point, citizenship, age, claims
),
named as (
    select claims, records, people,
        case when border_point is not null and month is not null then 'border_point,month'
            when border_point is not null then 'border_point' when month is not null then 'month'
            when heading is not null then 'direction' when citizenship is not null then 'citizenship'
            when age is not null then 'age' else 'all' end as breakdown,
        if(month = 0, '_U', printf('%04d-%02d', month // 12, month % 12 + 1)) as month_name,
        coalesce(border_point, month_name, heading, citizenship,
            if(age = -1, '_U', printf('%02d', age)), '_T') as category,
        if(border_point is not null and month is not null, month_name, '_Z') as subcategory
    from (from records union all by name from people)
)
select measure, breakdown, category, subcategory,
    coalesce(sum(records) filter (claims & numerator <> 0), 0) as numerator,
    coalesce(sum(records) filter (claims & denominator <> 0), 0) as denominator,
    coalesce(sum(people) filter (claims & numerator <> 0), 0) as numerator_people,
    coalesce(sum(people) filter (claims & denominator <> 0), 0) as denominator_people
from named
join measures on case breakdown when 'age' then measure = 'unresolved'
    when 'border_point,month' then measure in ('unmatched-arrivals', 'unmatched-departures') else true end
group by measure, breakdown, category, subcategory
having coalesce(sum(records) filter (claims & denominator <> 0), 0) > 0
