-- How long the stay after each crossing lasted, in bands; one that goes on has lasted so far.
select row,
    case
        when problem in ('duplicate', 'out-of-scope') then '_Z'
        when stay_days = 0 then 'D0'
        when stay_days >= $threshold or open_days >= $threshold then 'D3'
        when stay_days < 90 then 'D1'
        when stay_days < $threshold then 'D2'
        else '_U'
    end as band
from crossings
