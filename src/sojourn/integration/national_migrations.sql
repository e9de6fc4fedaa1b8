-- The crossings that changed residence under the national rule.
select person as person_id, position as crossing_id, event_date as date
from crossings
where class = 'RES'
