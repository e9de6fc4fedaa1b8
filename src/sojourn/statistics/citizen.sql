-- Each record with whether the person is a citizen of the country, judged by the citizenship; where that
-- is not stated, what the source says itself. Stateless persons are a group of their own.
SELECT records.* EXCLUDE (citizen),
  coalesce(nullif(places.citizen, '_U'), records.citizen, '_U') AS citizen
FROM records LEFT JOIN places ON records.citizenship = places.code
