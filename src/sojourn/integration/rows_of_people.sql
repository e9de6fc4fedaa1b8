-- The rows of some people, without the number by which rows are split.
select rows.* exclude (key_hash)
from rows
semi join people on rows.person_key = people.person_key
