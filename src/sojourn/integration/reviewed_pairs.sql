-- Each two units at which a person of the office looked, the lower first, and what was said.
select least(one.unit, other.unit) as one, greatest(one.unit, other.unit) as other, reviewed.same_person
from reviewed
join units as one on one.source = reviewed.source and one.record_key = reviewed.record_key
join units as other on other.source = reviewed.other_source and other.record_key = reviewed.other_key
order by 1, 2
