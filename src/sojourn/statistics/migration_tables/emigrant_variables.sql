-- Each emigrant with the day for which the answers hold and the age at departure.
WITH dated AS (           -- each emigrant with the day of the answers
  SELECT emigrants.* EXCLUDE (reference_date),
    coalesce(reference_date, CAST($reference_date AS DATE)) AS reference_date
  FROM emigrants
)
SELECT dated.* EXCLUDE (age), age AS age_now,
  coalesce(age_at_departure, age - (year(reference_date) - departure_year)) AS age
FROM dated
