-- Each person with what the answers say together: the day for which they hold, the age, the country of birth
-- within present borders, and the one citizenship under which the person is counted.
WITH placed AS (          -- each person with the country of birth within present borders
  SELECT persons.* EXCLUDE (birthplace, reference_date),
    coalesce(places.within_present_borders, persons.birthplace) AS birthplace,
    coalesce(persons.reference_date, CAST($reference_date AS DATE)) AS reference_date
  FROM persons LEFT JOIN places ON persons.birthplace = places.code
)
SELECT placed.* EXCLUDE (age, citizenship),
  coalesce(age, year(reference_date) - birth_year) AS age,
  -- A further citizenship tells nothing of a first one that is not known.
  CASE WHEN second_citizenship = $country THEN $country ELSE citizenship END AS citizenship
FROM placed
