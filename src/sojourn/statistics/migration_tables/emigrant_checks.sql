-- How many reported emigrants are what no emigrant may be, by check.
WITH alike AS (           -- each emigrant with the households that report one who looks the same
  SELECT *,
    min(household_id) OVER same <> max(household_id) OVER same AS is_reported_elsewhere
  FROM emigrants
  WINDOW same AS (
    PARTITION BY sex, age, destination, departure_year, departure_month, birthplace, citizenship, education
  )
),
judged AS (               -- each emigrant: true where the check fails, null where the answers do not decide it
  SELECT
    nullif(destination, '_U') = $country AS destination_is_this_country,
    departure_year > year(reference_date)
      OR (departure_year = year(reference_date) AND coalesce(departure_month > month(reference_date), false))
      AS departure_after_reference_day,
    abs(age_at_departure - (age_now - (year(reference_date) - departure_year))) > 1
      AS age_at_departure_against_age,
    CASE WHEN sex <> '_U' AND destination <> '_U' AND age IS NOT NULL AND departure_year IS NOT NULL
      THEN coalesce(is_reported_elsewhere, false) END AS reported_twice
  FROM alike
)
SELECT check_id, count(outcome) AS decided, count(*) FILTER (outcome) AS failing,
  count(*) - count(outcome) AS undecided
FROM judged UNPIVOT INCLUDE NULLS (outcome FOR check_id IN (COLUMNS(*)))
GROUP BY check_id
