-- The residence permits valid on each day, one for each holder: the one that stands for the holder on that day.
WITH days AS (            -- one row for each day on which permits are counted
  SELECT unnest(CAST($days AS DATE[])) AS reference_date
)
SELECT outcomes.*, reference_date
FROM outcomes JOIN days
  ON valid_from <= reference_date AND (stands_until IS NULL OR stands_until >= reference_date)
WHERE occasion <> '_Z' AND (valid_to IS NULL OR months >= $least_months)
