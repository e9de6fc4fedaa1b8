-- The residence permits valid on a day, one for each holder: the one that stands for the holder on that day.
SELECT *
FROM outcomes
WHERE occasion <> '_Z'
  AND valid_from <= $on
  AND (stands_until IS NULL OR stands_until >= $on)
  AND (valid_to IS NULL OR months >= $least_months)
