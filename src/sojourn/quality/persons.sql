-- Persons for whom a measure holds, and those for whom it could.
with of_person as (        -- what the usable crossings of each person say of them
    select person, any_value(person_id) as person_id,
        count(sex) > 1 as has_sexes, coalesce(min(sex) <> max(sex), false) as changes_sex,
        count(birth_year) > 1 as has_birth_years,
        coalesce(min(birth_year) <> max(birth_year), false) as changes_birth_year,
        max(birth_year) as birth_year,
        min(day) as first_day,
        bool_or(resident_before) filter (place = 1) as first_state,
        bool_or(heading = 'arrival') filter (is_last) as is_present,
        bool_or(resident_after) filter (is_last) as last_state,
        max(citizenship) filter (is_last) as citizenship
    from facts
    where is_usable
    group by person
),
anchored as (              -- the first day on which somebody's residence was known from elsewhere
    select cast(person_id as varchar) as known_as, min(day) as anchored_on from anchors group by known_as
),
known as (
    select of_person.*, coalesce(anchored_on <= first_day, false) as is_anchored,
        year($observed_until) - birth_year > 110 as is_over_110
    from of_person left join anchored on known_as = cast(of_person.person_id as varchar)
),
counted as (
    select citizenship, count(*) as persons,
        count(*) filter (has_sexes) as has_sexes, count(*) filter (changes_sex) as changes_sex,
        count(*) filter (has_birth_years) as has_birth_years,
        count(*) filter (changes_birth_year) as changes_birth_year,
        count(*) filter (first_state is not null and not is_anchored) as inferred,
        count(*) filter (first_state is not null and is_anchored) as from_anchor,
        count(*) filter (first_state is null) as unknown,
        count(*) filter (is_present) as present,
        count(*) filter (is_present and birth_year is not null) as present_with_age,
        count(*) filter (is_present and is_over_110) as over_110,
        count(*) filter (last_state) as residents,
        count(*) filter (last_state is null) as undecided
    from known
    group by grouping sets ((), (citizenship))
),
measured as (
    select if(citizenship is null, 'all', 'citizenship') as breakdown, coalesce(citizenship, '_T') as category,
        unnest([
            {'measure': 'sex-conflicts', 'numerator': changes_sex, 'denominator': has_sexes},
            {'measure': 'birth-year-conflicts', 'numerator': changes_birth_year, 'denominator': has_birth_years},
            {'measure': 'initial-state-inferred', 'numerator': inferred, 'denominator': persons},
            {'measure': 'initial-state-from-anchor', 'numerator': from_anchor, 'denominator': persons},
            {'measure': 'initial-state-unknown', 'numerator': unknown, 'denominator': persons},
            {'measure': 'present-over-110', 'numerator': over_110, 'denominator': present_with_age},
            {'measure': 'present', 'numerator': present, 'denominator': persons},
            {'measure': 'resident', 'numerator': residents, 'denominator': persons},
            {'measure': 'residence-unresolved', 'numerator': undecided, 'denominator': persons}
        ], recursive := true)
    from counted
)
select measure, breakdown, category, '_Z' as subcategory, numerator, denominator,
    numerator as numerator_people, denominator as denominator_people
from measured
where denominator > 0
    and (breakdown = 'all' or measure in ('present', 'resident', 'residence-unresolved'))
