-- Crossings with their classes under the four frameworks, and what kind of migrant each migration makes.
with earlier as (          -- what had happened to each person before, under the national rule
    select crossings.row, person_id, direction_code, national.class, next_residence, birthplace, citizenship,
        bool_or(national.residence = 'R' or national.residence_before = 'R') over before as has_lived_here,
        count(*) filter (where national.class = 'RES' and direction_code = 'A') over before as immigrations,
        count(*) filter (where national.class = 'RES' and direction_code = 'D') over before as emigrations,
        -- those not decided, and those not recorded: two departures in a row have an arrival between them
        count(*) filter (where if(problem = 'missing-movement', direction_code = 'D', false)
            or (national.class = '_U' and direction_code = 'A')) over before as possible_immigrations,
        count(*) filter (where if(problem = 'missing-movement', direction_code = 'A', false)
            or (national.class = '_U' and direction_code = 'D')) over before as possible_emigrations,
        last_value(case when direction_code = 'A' and national.class = 'RES' then coalesce(previous_residence, '_U')
            when direction_code = 'A' and national.class = '_U' then '_U' end ignore nulls) over before as came_from,
        bool_or((national.class = '_U' or coalesce(problem = 'missing-movement', false))
            and coalesce(event_date <= $last_day - $long_term_days and event_date > $last_day - interval 10 year, true))
            over (partition by person_id) as may_have_more
    from crossings join national using (row)
    window before as (partition by person_id order by position nulls last rows between unbounded preceding and 1 preceding)
),
kinds as (                 -- yes, no, unknown or not applicable for each kind of migrant
    select row,
        case when class = '_U' and direction_code = 'A' then '_U' when class <> 'RES' or direction_code <> 'A' then '_Z'
            when has_lived_here then 'Y' else '_U' end as previously_resident,
        case when class = '_U' and direction_code = 'A' then '_U' when class <> 'RES' or direction_code <> 'A' then '_Z'
            when citizenship is null or citizenship = '_U' then '_U'
            when citizenship <> $country then 'N'
            when has_lived_here or birthplace = $country then 'Y'
            else '_U' end as return_migrant,
        case when class = '_U' then '_U' when class <> 'RES' then '_Z'
            when case direction_code when 'A' then immigrations else emigrations end > 0 then 'Y'
            when case direction_code when 'A' then possible_immigrations else possible_emigrations end > 0 then '_U'
            else 'N' end as repeat_migrant,
        case when class = '_U' and direction_code = 'D' then '_U' when class <> 'RES' or direction_code <> 'D' then '_Z'
            when birthplace = $country then 'N'
            when next_residence is null or next_residence = '_U' then '_U'
            when next_residence in (birthplace, citizenship, came_from) then 'N'
            when coalesce(birthplace, '_U') = '_U' or coalesce(citizenship, '_U') = '_U' or coalesce(came_from, '_U') = '_U'
                then '_U'
            else 'Y' end as onward_migrant,
        case when class = '_U' then '_U' when class <> 'RES' then '_Z'
            when coalesce(is_circular, false) then 'Y' when $sees_ten_years and not may_have_more then 'N'
            else '_U' end as circular_migrant
    from earlier left join circular using (person_id)
),
lengths as (               -- how long each stay lasted, and one that goes on has lasted so far
    select row, stay_days as lasted,
        case when lead(position) over (partition by person_id order by position) is null then $last_day - event_date end
            as open_for
    from crossings
    where position is not null
)
select crossings.* exclude (row, crossing_id, person_id, direction, direction_code, date),
    crossing_id as record_id, person_id as person_key, direction_code as direction,
    case when problem = 'duplicate' then '_Z' when lasted = 0 then 'D0'
        when lasted >= $threshold or open_for >= $threshold then 'D3'
        when lasted < 90 then 'D1' when lasted < $threshold then 'D2' else '_U' end as duration_band,
    f1998.class as class_1998, f2021_06.class as class_2021_06, f2021_12.class as class_2021_12,
    national.class as class_national,
    f1998.final_on as final_on_1998, f2021_06.final_on as final_on_2021_06, f2021_12.final_on as final_on_2021_12,
    national.final_on as final_on_national,
    f1998.residence_before as residence_before_1998, f2021_06.residence_before as residence_before_2021_06,
    f2021_12.residence_before as residence_before_2021_12, national.residence_before as residence_before_national,
    f1998.residence as residence_after_1998, f2021_06.residence as residence_after_2021_06,
    f2021_12.residence as residence_after_2021_12, national.residence as residence_after_national,
    previously_resident, return_migrant, repeat_migrant, onward_migrant, circular_migrant
from crossings
join f1998 using (row) join f2021_06 using (row) join f2021_12 using (row) join national using (row)
join kinds using (row)
left join lengths using (row)
order by row
