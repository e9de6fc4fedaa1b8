-- Each record with the groups by which figures of migrants are broken down; not known is a group of its own.
with told as (             -- each record with what its places say, and where they say nothing, the file itself
    select records.*,
        coalesce(nullif(birth.nativity, '_U'), nullif(records.nativity, '_U')) as born,
        coalesce(nullif(citizens.citizen, '_U'), nullif(records.citizen, '_U')) as holds,
        coalesce(nullif(head_birth.nativity, '_U'), nullif(records.head_nativity, '_U')) as head_born,
        coalesce(nullif(head_citizens.citizen, '_U'), nullif(records.head_citizen, '_U')) as head_holds,
        case
            when years_since_arrival < 0 then null
            when years_since_arrival < 1 then 'Y_LT1'
            when years_since_arrival < 5 then 'Y1T4'
            when years_since_arrival < 10 then 'Y5T9'
            when years_since_arrival is not null then 'Y_GE10'
            else nullif(nullif(records.duration_of_stay, '_U'), '_Z')
        end as stayed
    from records
        left join places as birth on records.birthplace = birth.code
        left join places as citizens on records.citizenship = citizens.code
        left join places as head_birth on records.head_birthplace = head_birth.code
        left join places as head_citizens on records.head_citizenship = head_citizens.code
),
grouped as (               -- each record with stateless persons and foreign citizens together
    select *,
        case when holds in ('NONCIT', 'STLS') then 'NONCIT_STLS' else holds end as belongs,
        case when head_holds in ('NONCIT', 'STLS') then 'NONCIT_STLS' else head_holds end as head_belongs
    from told
)
select grouped.* exclude (born, holds, head_born, head_holds, stayed, belongs, head_belongs),
    coalesce(born, 'BIRTH_U') as by_nativity,
    coalesce(belongs, 'CITIZEN_U') as by_citizen,
    coalesce(holds, 'CITIZEN_U') as by_citizen_detail,
    coalesce(born, 'U') || '_' || coalesce(belongs, 'U') as by_nativity_citizen,
    case born when 'FB' then coalesce(stayed, '_U') when 'NB' then 'NB' else 'BIRTH_U' end as by_duration_of_stay,
    coalesce(head_born, 'BIRTH_U') as by_head_nativity,
    coalesce(head_belongs, 'CITIZEN_U') as by_head_citizen,
    coalesce(groups.code, '_U') as by_age_group,
    case when age < 18 then 'Y0T17' when age >= 18 then 'Y_GE18' else '_U' end as by_child
from grouped left join groups on age >= groups.lower and (age <= groups.upper or groups.upper is null)
