-- What kind of migrant each migration under the national rule makes: yes, no, unknown or not applicable.
with lived_here as (       -- since which of their crossings people are known to have lived here
    select person, min(position) as since
    from crossings
    where residence = 'R' or residence_before = 'R'
    group by person
),
possible as (              -- the crossings that were, or may have been, a migration, or have one beside them
    select *, coalesce(problem = 'missing-movement', false) as has_a_gap
    from crossings
    where class in ('RES', '_U') or problem = 'missing-movement'
),
earlier as (               -- with those of the person before them: two departures in a row have an arrival between them
    select possible.*, coalesce(since < position, false) as has_lived_here,
        count(*) filter (where class = 'RES' and direction_code = 'A') over before as immigrations,
        count(*) filter (where class = 'RES' and direction_code = 'D') over before as emigrations,
        count(*) filter (where if(has_a_gap, direction_code = 'D', false) or (class = '_U' and direction_code = 'A'))
            over before as possible_immigrations,
        count(*) filter (where if(has_a_gap, direction_code = 'A', false) or (class = '_U' and direction_code = 'D'))
            over before as possible_emigrations,
        last_value(case
            when direction_code = 'A' and class = 'RES' then coalesce(previous_residence, '_U')
            when direction_code = 'A' and class = '_U' then '_U'
        end ignore nulls) over before as came_from,
        bool_or((class = '_U' or has_a_gap) and coalesce(
            event_date <= $last_day - $long_term_days and event_date > $last_day - interval 10 year, true
        )) over (partition by person) as may_have_more
    from possible left join lived_here using (person)
    window before as (
        partition by person order by position nulls last rows between unbounded preceding and 1 preceding
    )
),
told as (                  -- and whether the person is a circular migrant
    select earlier.*, coalesce(is_circular, false) as is_circular
    from earlier left join circular on earlier.person = circular.person_id
)
select row,
    case
        when class = '_U' and direction_code = 'A' then '_U'
        when class <> 'RES' or direction_code <> 'A' then '_Z'
        when has_lived_here then 'Y'
        else '_U'
    end as previously_resident,
    case
        when class = '_U' and direction_code = 'A' then '_U'
        when class <> 'RES' or direction_code <> 'A' then '_Z'
        when citizenship is null or citizenship = '_U' then '_U'
        when citizenship <> $country then 'N'
        when has_lived_here or birthplace = $country then 'Y'
        else '_U'
    end as return_migrant,
    case
        when class = '_U' then '_U'
        when class <> 'RES' then '_Z'
        when if(direction_code = 'A', immigrations, emigrations) > 0 then 'Y'
        when if(direction_code = 'A', possible_immigrations, possible_emigrations) > 0 then '_U'
        else 'N'
    end as repeat_migrant,
    case
        when class = '_U' and direction_code = 'D' then '_U'
        when class <> 'RES' or direction_code <> 'D' then '_Z'
        when birthplace = $country then 'N'
        when next_residence is null or next_residence = '_U' then '_U'
        when next_residence in (birthplace, citizenship, came_from) then 'N'
        when coalesce(birthplace, '_U') = '_U' or coalesce(citizenship, '_U') = '_U' or coalesce(came_from, '_U') = '_U'
            then '_U'
        else 'Y'
    end as onward_migrant,
    case
        when class = '_U' then '_U'
        when class <> 'RES' then '_Z'
        when is_circular then 'Y'
        when $sees_ten_years and not may_have_more then 'N'
        else '_U'
    end as circular_migrant
from told
