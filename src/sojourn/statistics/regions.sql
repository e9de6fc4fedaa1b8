-- Each record with the UN region of the place of birth and that of the citizenship. Places of no region,
-- stateless persons and withdrawn countries that lay across several regions are not known here.
SELECT records.* EXCLUDE (birthplace_region, citizenship_region),
  coalesce(born.region, '_U') AS birthplace_region,
  coalesce(citizen_of.region, '_U') AS citizenship_region
FROM records
  LEFT JOIN places AS born ON records.birthplace = born.code
  LEFT JOIN places AS citizen_of ON records.citizenship = citizen_of.code
