-- How many persons say what no person may say, by check. Nothing is said of any one of them.
WITH judged AS (          -- each person: true where the check fails, null where the answers do not decide it
  SELECT
    arrival_year < coalesce(birth_year, year(reference_date) - age - 1) AS arrival_before_birth,
    arrival_year > year(reference_date)
      OR (arrival_year = year(reference_date) AND coalesce(arrival_month > month(reference_date), false))
      AS arrival_after_reference_day,
    arrival_month NOT BETWEEN 1 AND 12 AS arrival_month_impossible,
    CASE nativity WHEN 'FB' THEN arrival_year IS NULL AND coalesce(arrival_period IN ('_U', '_Z'), true) WHEN 'NB' THEN false END
      AS born_abroad_without_arrival,
    CASE WHEN nativity = 'NB' THEN false WHEN nativity = 'FB' THEN nullif(stated_ever_abroad, '_U') = 'N' END
      AS born_abroad_never_abroad,
    nullif(stated_ever_abroad, '_U') = 'N' AND CASE
      WHEN country_1_year_ago NOT IN ($country, '_U', '_Z') OR country_5_years_ago NOT IN ($country, '_U', '_Z') THEN true
      WHEN country_1_year_ago = $country OR country_5_years_ago = $country THEN false
    END AS lived_abroad_never_abroad,
    nullif(nativity, '_U') = 'FB' AND nullif(citizenship_acquired, '_U') = 'BIRTH'
      AND nullif(birthplace_mother, '_U') <> $country AND nullif(birthplace_father, '_U') <> $country
      AS citizen_by_birth_of_parents_born_abroad,
    citizenship_year < arrival_year AND coalesce(birthplace_mother <> $country, true)
      AND coalesce(birthplace_father <> $country, true) AND coalesce(nativity <> 'NB', true)
      AS citizenship_before_arrival,
    citizenship_year < coalesce(birth_year, year(reference_date) - age - 1) AS citizenship_before_birth,
    nullif(citizenship_acquired, '_U') IN ('BIRTH', 'NAT') AND nullif(citizen, '_U') <> 'CIT'
      AS naturalised_without_citizenship,
    age NOT BETWEEN 0 AND 130 AS age_impossible,
    year(reference_date) - age - birth_year NOT IN (0, 1) AS age_against_birth_year,
    age < 5 AND (stated_country_5 NOT IN ('_U', '_Z') OR stated_region_5 NOT IN ('_U', '_Z')) AS residence_before_birth,
    CASE WHEN occupation NOT IN ('_U', '_Z') THEN NOT regexp_full_match(occupation, '[0-9]{1,4}') END
      AS occupation_unreadable,
    CASE WHEN industry NOT IN ('_U', '_Z') THEN industry_section = '_U' END AS industry_unreadable
  FROM persons
)
SELECT check_id, count(outcome) AS decided, count(*) FILTER (outcome) AS failing,
  count(*) - count(outcome) AS undecided
FROM judged UNPIVOT INCLUDE NULLS (outcome FOR check_id IN (COLUMNS(*)))
GROUP BY check_id
