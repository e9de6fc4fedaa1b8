-- Each record with whether the person was born in the country, judged by the place of birth; where that
-- is not stated, what the source says itself.
SELECT records.* EXCLUDE (nativity),
  coalesce(nullif(places.nativity, '_U'), records.nativity, '_U') AS nativity
FROM records LEFT JOIN places ON records.birthplace = places.code
