-- Each visa and permit granted, with what its holder's crossings and other statuses say of it.
with held as (            -- each status that allows a stay; one without an end ends in the year 9999
    select statuses.*, reasons.main_reason,
        coalesce(valid_to, date '9999-12-31') as ends,
        valid_to is null or valid_to >= valid_from as is_possible,
        date_sub('month', valid_from, valid_to + 1) as months
    from statuses left join reasons on statuses.reason = reasons.reason
    where kind in ('visa', 'permit', 'protection')
),
told_apart as (           -- and whether it is a residence permit of at least three months
    select *, kind = 'permit' and is_possible and coalesce(months >= $least_months, true) as is_residence_permit
    from held
),
beside_others as (        -- and the other statuses of the person: those that outlast it, and the permit before it
    select *,
        min(valid_from) filter (where is_possible) over outlasting as outlasted_from,
        min(valid_from) filter (where is_residence_permit) over outlasting as superseded_from,
        max(struct_pack(ends := ends, valid_from := valid_from, record_id := record_id, reason := main_reason))
            filter (where is_residence_permit) over earlier as before
    from told_apart
    window
        outlasting as (
            partition by person_key order by ends desc, valid_from desc, record_id desc
            rows between unbounded preceding and 1 preceding
        ),
        earlier as (
            partition by person_key order by valid_from, ends, record_id
            rows between unbounded preceding and 1 preceding
        )
),
granted as (              -- the visas and permits, with the day from which their validity was observed
    select *, greatest(valid_from, $observed_from) as observed_begin
    from beside_others
    where kind in ('visa', 'permit')
),
crossings as (            -- their holders' crossings in the days observed, after a beginning of which nothing is known
    select person_key, event_date, direction, event_time, record_id
    from movements
    where event_date between $observed_from and $observed_until
        and person_key in (select person_key from granted)
    union all
    select distinct person_key, date '0001-01-01', null, null, '' from granted
),
in_order as (             -- each crossing with the one after it
    select person_key, event_date, direction,
        lead(event_date) over journey as next_date, lead(direction) over journey as next_direction
    from crossings
    window journey as (partition by person_key order by event_date, event_time nulls last, record_id)
),
intervals as (            -- the time after the last crossing of a day, with the side of the border if both ends agree
    select person_key, event_date as begins, next_date, next_direction,
        direction is null and next_date is null as never_crossed,
        case direction when 'A' then 'IN' when 'D' then 'OUT' end as side_before,
        case next_direction when 'D' then 'IN' when 'A' then 'OUT' end as side_after,
        case
            when side_before = side_after or side_after is null then side_before
            when side_before is null then side_after
        end as side
    from in_order
    where next_date is null or next_date > event_date
),
around_begin as (         -- each grant with the interval in which its validity begins
    select granted.*, never_crossed, side as side_at_begin, next_date as moves_on, next_direction as moves
    from granted asof join intervals
        on granted.person_key = intervals.person_key and granted.observed_begin > intervals.begins
),
around_end as (           -- and the one in which its last day ends
    select around_begin.*, side as known_side, next_date as moves_after, next_direction as move_after,
        is_possible and ends >= $observed_from as is_observed,
        ends + $grace_days <= $observed_until as is_over
    from around_begin asof join intervals
        on around_begin.person_key = intervals.person_key and around_begin.ends >= intervals.begins
),
judged as (               -- and whether the holder was here within the validity
    select *, case
            when not is_observed then '_U'
            when valid_from > $observed_until then 'OPEN'
            when side_at_begin = 'IN' then case when valid_from >= $observed_from then 'HERE' else 'PRES' end
            when moves_on <= ends and side_at_begin = 'OUT' and moves = 'A' and valid_from >= $observed_from
                then 'ARR'
            when moves_on <= ends then 'PRES'
            when (side_at_begin = 'OUT' and valid_from >= $observed_from)
                or (never_crossed and valid_from - $newcomer_days >= $observed_from
                    and list_contains(cast($newcomer_categories as varchar[]), category))
                then case when is_over then 'NEV' else 'WAIT' end
            when never_crossed then 'NONE'
            else '_U'
        end as outcome
    from around_end
),
ended as (                -- and what the holder did when the validity ended
    select *, case
            when outcome = 'NEV' then '_Z'
            when not is_observed then '_U'
            when ends >= $observed_until then 'VALID'
            when outcome = 'WAIT' then 'OPEN'
            when outcome = '_U' or known_side is null then '_U'
            when known_side = 'OUT' then 'LEFT'
            when outlasted_from <= ends + $grace_days + 1 then 'CONT'
            when move_after <> 'D' then '_U'
            when moves_after <= ends + $grace_days then 'LEFT'
            when not is_over then 'OPEN'
            when outlasted_from <= coalesce(moves_after, $observed_until) then 'GAP'
            when moves_after is null then 'NODEP'
            else 'LATE'
        end as after_validity
    from judged
),
issued as (               -- and on which occasion a permit was issued
    select *, case
            when not is_residence_permit then '_Z'
            when before is null or valid_from >= before.ends + 1 + to_months($gap_months)
                then case when valid_from >= $statuses_since + to_months($gap_months) then 'FIRST' else '_U' end
            when before.reason = '_U' or coalesce(main_reason, '_U') = '_U' or before.reason is null then '_U'
            when before.reason = main_reason then 'RENEW'
            else 'CHANGE'
        end as occasion
    from ended
)
select record_id, person_key, kind, category, reason, sex, birth_year, birthplace, citizenship, region,
    valid_from, valid_to, case when is_possible then months end as months, occasion,
    case
        when occasion in ('RENEW', 'CHANGE') then before.reason
        when occasion = '_U' and valid_from < before.ends + 1 + to_months($gap_months)
            then coalesce(before.reason, '_U')
        when occasion = '_U' then '_U'
        else '_Z'
    end as previous_reason,
    case
        when is_residence_permit
            then nullif(greatest(least(ends, superseded_from - 1), valid_from - 1), date '9999-12-31')
    end as stands_until,
    outcome,
    case when outcome = 'ARR' then moves_on end as first_arrival,
    case
        when outcome = 'ARR' then moves_on - valid_from
        when outcome in ('NEV', 'WAIT') then least(ends, $observed_until) - valid_from + 1
    end as days_waited,
    case when not is_observed then '_U' when ends > $observed_until then '_Z' else coalesce(known_side, '_U') end
        as side_at_end,
    after_validity,
    case after_validity
        when 'LATE' then moves_after - ends
        when 'GAP' then outlasted_from - ends - 1
        when 'NODEP' then $observed_until - ends
    end as days_beyond
from issued
