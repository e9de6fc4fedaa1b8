-- How far the figures of earlier vintages were off, by flow and age; age -1 is all ages together.
with revised as (            -- each figure that was uncertain and is final now, with what was missing in it
    select flow, months_after, latest - value as revision,
        sign(round(value)) <> sign(latest) as is_wrong_sign,
        latest between lower and upper as is_covered
    from triangle
    where is_final and standard_error > 0
)
select flow, coalesce(months_after, -1) as months_after,
    count(*) as figures,
    avg(revision) as mean_revision,
    avg(abs(revision)) as mean_absolute_revision,
    sqrt(avg(revision * revision)) as root_mean_square_revision,
    avg(is_wrong_sign::int) as wrong_sign,
    avg(is_covered::int) as covered
from revised
group by grouping sets ((flow, months_after), (flow))
order by flow, months_after
