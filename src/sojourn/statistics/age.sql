-- Each record with the groups that hold its age. Where no age is stated, it is the age reached in the
-- year for which the record holds. Ages that no person reaches are not known.
WITH aged AS (            -- each record with its age
  SELECT *, coalesce(age, year(coalesce(reference_date, event_date, valid_from)) - birth_year) AS reached
  FROM records
)
SELECT aged.* EXCLUDE (reached, age_group, age_broad),
  coalesce(fine.code, '_U') AS age_group,
  coalesce(broad.code, '_U') AS age_broad
FROM aged
  LEFT JOIN fine ON aged.reached = fine.age
  LEFT JOIN broad ON aged.reached = broad.age
