-- Whether each person had come back by each day from a long enough spell abroad with work; no row without a spell.
with judged as (          -- each spell that had begun, or may have: null where its days or its work do not decide
    select person_key, reference_date,
        case worked_abroad when 'Y' then true when 'N' then false end
        and case when last_day <= reference_date then true when last_day > reference_date then false end
        and case
            when last_day is not null then date_sub('month', first_day, last_day + 1) >= $least_months
            -- one without a known end lasted no longer than until that day
            when date_sub('month', first_day, reference_date + 1) < $least_months then false
        end as counts
    from spells_abroad join days on first_day is null or first_day <= reference_date
)
select person_key, reference_date, coalesce(bool_or(counts), false) as has_one, bool_or(counts is null) as may_have_one
from judged
group by person_key, reference_date
