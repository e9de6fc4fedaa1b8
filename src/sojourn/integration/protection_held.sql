-- What the statuses of each person say of protection at the end of each day; no row for who never had any by then.
with protection as (      -- each possible spell of protection, with its place in refugee statistics where that is known
    select person_key, valid_from, valid_to, code, precedence, is_granted
    from statuses left join categories on statuses.category = categories.category
    where kind = 'protection' and (valid_to is null or valid_to >= valid_from)
),
by_day as (               -- each spell on every day since it began
    select *, valid_to is null or valid_to >= reference_date as is_in_force
    from protection join days on valid_from <= reference_date
),
permitted as (            -- who held a permit on which day
    select distinct person_key, reference_date
    from statuses join days
        on kind = 'permit' and valid_from <= reference_date and (valid_to is null or valid_to >= reference_date)
)
select by_day.person_key, by_day.reference_date,
    arg_min(code, precedence) filter (is_in_force) as strongest,
    -- a spell whose category is not known may be stronger than any but the first
    min(precedence) filter (is_in_force) = 1 or not bool_or(is_in_force and code is null) as is_strongest_known,
    bool_or(is_in_force) as is_held,
    bool_or(coalesce(is_granted, false)) as was_granted,
    bool_or(permitted.person_key is not null) as has_permit
from by_day left join permitted
    on by_day.person_key = permitted.person_key and by_day.reference_date = permitted.reference_date
group by by_day.person_key, by_day.reference_date
