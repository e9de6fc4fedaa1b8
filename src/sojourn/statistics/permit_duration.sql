-- Each record with how long the permit is valid, in completed months from its first to its last day.
WITH measured AS (        -- each record with its completed months
  SELECT *, date_sub('month', valid_from, valid_to + 1) AS completed_months FROM records
)
SELECT measured.* EXCLUDE (completed_months, permit_duration),
  CASE
    WHEN valid_from IS NULL OR valid_to < valid_from THEN '_U'
    WHEN valid_to IS NULL THEN 'OPEN'
    WHEN completed_months < 3 THEN 'M_LT3'
    WHEN completed_months < 6 THEN 'M3-5'
    WHEN completed_months < 12 THEN 'M6-11'
    ELSE 'M_GE12'
  END AS permit_duration
FROM measured
