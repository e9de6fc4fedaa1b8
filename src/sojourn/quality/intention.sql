-- What became of crossings that could have changed residence, by what the traveller intended.
with of_person as (
    select person, heading,
        case when intended_days is null then '_U' when intended_days < 90 then '0'
            when intended_days < $threshold_days then '90' else 'long' end as intention,
        count(*) as crossings,
        count(*) filter (is_migration) as migrated,
        count(*) filter (not is_migration) as stayed,
        count(*) filter (is_migration is null) as undecided
    from facts
    where is_usable and (resident_before is null or resident_before <> (heading = 'arrival'))
    group by person, heading, intention
),
counted as (
    select heading, intention,
        unnest([
            {'measure': 'outcome-migration', 'numerator': sum(migrated),
                'numerator_people': count(*) filter (migrated > 0)},
            {'measure': 'outcome-no-migration', 'numerator': sum(stayed),
                'numerator_people': count(*) filter (stayed > 0)},
            {'measure': 'outcome-unresolved', 'numerator': sum(undecided),
                'numerator_people': count(*) filter (undecided > 0)}
        ], recursive := true),
        sum(crossings) as denominator, count(*) as denominator_people
    from of_person
    group by heading, intention
)
select measure, 'direction,intention' as breakdown, heading as category, intention as subcategory,
    cast(numerator as bigint) as numerator, cast(denominator as bigint) as denominator,
    numerator_people, denominator_people
from counted
