-- The class, under one framework, of the stay that begins with each crossing, and since when it is certain.
with in_force as (         -- the crossings on whose day this rule of the framework is in force
    select * from decided
    where ($valid_from::date is null or event_date >= $valid_from::date)
        and ($valid_to::date is null or event_date <= $valid_to::date)
),
judged as (                -- what each did: began to live on the new side, came back, or began a temporary stay
    select *,
        case
            when problem in ('duplicate', 'out-of-scope') then 'none'
            when problem is not null and problem <> 'missing-movement' then 'unknown'
            when is_migration then 'residence'
            when is_migration is null or resident_before is null then 'unknown'
            when resident_before = (direction_code = 'A') then 'none'
            when stay_days is null then 'unknown'
            else 'temporary'
        end as outcome
    from in_force
),
longest as (               -- the category of those who change their residence
    select code, from_days from categories where below_days is null
),
classed as (               -- temporary stays by their length; those for an excluded purpose by that
    select judged.*,
        case when excluded.purpose is not null then coalesce(categories.otherwise, categories.code)
            else categories.code end as temporary_class
    from judged
    left join categories on judged.outcome = 'temporary'
        and least(stay_days, (select from_days - 1 from longest)) >= categories.from_days
        and (least(stay_days, (select from_days - 1 from longest)) < categories.below_days)
    left join excluded on judged.purpose = excluded.purpose
)
select row,
    case outcome when 'residence' then (select code from longest) when 'temporary' then temporary_class
        when 'none' then '_Z' else '_U' end as class,
    case outcome                       -- that it began no stay is certain when it is where they lived before
        when 'residence' then migration_final_on
        when 'temporary' then greatest(status_final_on, event_date + stay_days)
        when 'none' then case when position = 1 then event_date else greatest(before_final_on, event_date) end
    end as final_on,
    case resident_after when true then 'R' when false then 'N' else '_U' end as residence,
    case resident_before when true then 'R' when false then 'N' else '_U' end as residence_before
from classed
