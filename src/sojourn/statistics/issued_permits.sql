-- The residence permits of one occasion whose validity begins in a year.
SELECT *
FROM outcomes
WHERE occasion = $occasion AND year(valid_from) = $year
