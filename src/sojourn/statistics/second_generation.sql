-- Each record with how many parents of a person born in the country were born abroad: both, one or none.
-- The question does not apply to persons born abroad; with one parent's birthplace unknown it has no answer.
WITH judged AS (          -- each record with where the person, the mother and the father were born
  SELECT records.*,
    coalesce(nullif(own.nativity, '_U'), records.nativity, '_U') AS own_nativity,
    coalesce(mothers.nativity, '_U') AS mothers_nativity,
    coalesce(fathers.nativity, '_U') AS fathers_nativity
  FROM records
    LEFT JOIN places AS own ON records.birthplace = own.code
    LEFT JOIN places AS mothers ON records.birthplace_mother = mothers.code
    LEFT JOIN places AS fathers ON records.birthplace_father = fathers.code
)
SELECT judged.* EXCLUDE (own_nativity, mothers_nativity, fathers_nativity, second_generation),
  CASE
    WHEN own_nativity = 'FB' THEN '_Z'
    WHEN own_nativity = '_U' OR mothers_nativity = '_U' OR fathers_nativity = '_U' THEN '_U'
    WHEN mothers_nativity = 'FB' AND fathers_nativity = 'FB' THEN 'BOTH'
    WHEN mothers_nativity = 'FB' OR fathers_nativity = 'FB' THEN 'ONE'
    ELSE 'NONE'
  END AS second_generation
FROM judged
