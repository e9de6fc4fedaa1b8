-- The crossings that changed residence under the national rule.
select person_id, crossing_id, event_date as date
from crossings join national using (row)
where national.class = 'RES'
