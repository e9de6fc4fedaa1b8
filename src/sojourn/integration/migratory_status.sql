-- The migratory status of each person who is alive at the end of each day. Three-valued throughout: what is not
-- known is null until the last step, which writes _U.
with alive as (           -- each person on each day, between birth and death
    select people.*, reference_date,
        coalesce(arrival_date, try_cast(arrival_year || '-01-01' as date)) as arrived_from,
        coalesce(arrival_date, try_cast(arrival_year || '-12-31' as date)) as arrived_until,
        coalesce(citizenship_since > reference_date, false) as is_citizen_later
    from people cross join days
    where (birth_year is null or birth_year <= year(reference_date))
        and (death_date is null or death_date > reference_date)
),
placed as (               -- with what the places of birth and citizenship mean; a birth at sea is in no country
    select alive.* exclude (birthplace, citizenship, nativity, citizen),
        coalesce(own.within_present_borders, alive.birthplace) as birthplace,
        case when is_citizen_later then coalesce(former_citizenship, '_U') else alive.citizenship end as citizenship,
        case when own.is_at_sea then '_U' else coalesce(nullif(own.nativity, '_U'), alive.nativity, '_U') end as nativity,
        coalesce(nullif(nationality.citizen, '_U'), case when not is_citizen_later then alive.citizen end, '_U') as citizen,
        coalesce(mothers.nativity, '_U') as mothers_nativity, coalesce(fathers.nativity, '_U') as fathers_nativity
    from alive
        left join places as own on alive.birthplace = own.code
        left join places as nationality
            on case when is_citizen_later then former_citizenship else alive.citizenship end = nationality.code
        left join places as mothers on birthplace_mother = mothers.code
        left join places as fathers on birthplace_father = fathers.code
),
came as (                 -- with whether the person came from abroad, and the least and most completed years since
    select * exclude (reason),
        case when arrived_from is not null or nativity = 'FB' then true when nativity = 'NB' then false end as has_come,
        -- an arrival after the day, or one that may lie after it, began another stay
        coalesce(arrived_until > reference_date, false) as is_of_a_later_stay,
        case when not is_of_a_later_stay then date_sub('year', arrived_until, reference_date) end as least_years,
        case when not is_of_a_later_stay then date_sub('year', arrived_from, reference_date) end as most_years,
        case when not is_of_a_later_stay then nullif(reason, '_U') end as stated_reason
    from placed
),
banded as (               -- with the bands of both, and the reason
    select *,
        case when least_years < 1 then 'Y_LT1' when least_years < 5 then 'Y1T4' when least_years < 10 then 'Y5T9'
            when least_years >= 10 then 'Y_GE10' end as least_band,
        case when most_years < 1 then 'Y_LT1' when most_years < 5 then 'Y1T4' when most_years < 10 then 'Y5T9'
            when most_years >= 10 then 'Y_GE10' end as most_band,
        coalesce(stated_reason, case when not has_come then '_Z' end, '_U') as reason
    from came
),
criteria as (             -- with the criteria of migrant workers: true, false, or null where not known
    select banded.*, attachments.presence, attachments.residence,
        case attachments.presence when 'IN' then true when 'OUT' then false end as is_present,
        case attachments.residence when 'R' then true when 'N' then false end as is_resident,
        case when activity in ('EMP', 'UNE') then true when activity in ('OLF', '_Z') then false end as is_active,
        case works_here when 'Y' then true when 'N' then false end as is_attached,
        case nativity when 'FB' then true when 'NB' then false end as is_foreign_born,
        case when citizen = 'CIT' then false when citizen in ('NONCIT', 'STLS') then true end as is_foreign_citizen,
        case $migrants_by when 'birth' then is_foreign_born when 'citizenship' then is_foreign_citizen
            else is_foreign_born or is_foreign_citizen end as is_migrant,
        year(banded.reference_date) - birth_year as most_age,
        -- on the last day of a year everybody has had their birthday
        most_age - case when strftime(banded.reference_date, '%m-%d') = '12-31' then 0 else 1 end as least_age,
        (case when least_age >= $youngest then true when most_age < $youngest then false end)
            and (case when most_age <= $oldest then true when least_age > $oldest then false end) as is_of_working_age,
        case when has_one then true when $spells_complete and not coalesce(may_have_one, false) then false end
            as has_worked_abroad
    from banded
        left join attachments on banded.person_key = attachments.person_key
            and banded.reference_date = attachments.reference_date
        left join worked on banded.person_key = worked.person_key and banded.reference_date = worked.reference_date
),
judged as (               -- with the decision rules of the guidelines on labour migration
    select *,
        is_of_working_age and is_present
            and ((is_resident and is_migrant and is_active) or (not is_resident and is_attached)) as is_migrant_worker,
        is_resident and has_worked_abroad as is_return_worker
    from criteria
)
select judged.person_key, judged.reference_date, sex, birth_year, birthplace, citizenship, region,
    birthplace_mother, birthplace_father, nativity, citizen,
    case
        when nativity = 'FB' then '_Z'
        when nativity = '_U' or mothers_nativity = '_U' or fathers_nativity = '_U' then '_U'
        when mothers_nativity = 'FB' and fathers_nativity = 'FB' then 'BOTH'
        when mothers_nativity = 'FB' or fathers_nativity = 'FB' then 'ONE'
        else 'NONE'
    end as second_generation,
    case when least_years = most_years then least_years end as years_of_stay,
    case when least_band = most_band then least_band when not has_come then '_Z' else '_U' end as duration_of_stay,
    judged.reason,
    case
        when protection.person_key is null then coalesce(refugee_category, '_U')
        when citizen = 'CIT' then case when was_granted then 'B1' else '_U' end
        when citizen = '_U' then '_U'
        when is_strongest_known and strongest is not null then strongest
        when was_granted and has_permit and not is_held then 'B2'
        else '_U'
    end as refugee_category,
    coalesce(presence, '_U') as presence, coalesce(residence, '_U') as residence,
    case when is_migrant_worker then 'Y' when not is_migrant_worker then 'N' else '_U' end as migrant_worker,
    case when judged.reason = '_Z' then '_Z' when is_for_work then 'Y' when not is_for_work then 'N' else '_U' end
        as for_work_migrant,
    case when is_return_worker then 'Y' when not is_return_worker then 'N' else '_U' end as return_migrant_worker
from judged
    left join reasons on judged.reason = reasons.reason
    left join protection on judged.person_key = protection.person_key
        and judged.reference_date = protection.reference_date
