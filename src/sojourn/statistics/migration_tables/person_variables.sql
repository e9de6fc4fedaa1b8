-- Each person with the variables that migration tables are broken down by. What an answer leaves open is _U; a
-- question that does not apply to a person is _Z.
WITH asked AS (           -- each person with whether a stay abroad, and so an arrival, is there to be told
  SELECT persons.*,
    coalesce(persons.ever_abroad, '_U') AS stated_ever_abroad,
    persons.country_5_years_ago AS stated_country_5, persons.region_5_years_ago AS stated_region_5,
    CASE
      WHEN nativity = 'FB' THEN 'Y'
      ELSE coalesce(persons.ever_abroad, '_U')
    END AS lived_abroad,
    CASE
      WHEN nativity = 'FB' OR arrival_year IS NOT NULL OR arrival_period NOT IN ('_U', '_Z') THEN 'Y'
      WHEN lived_abroad = 'Y' THEN 'Y'
      WHEN nativity = '_U' THEN '_U'
      WHEN $asks_life_abroad AND lived_abroad = '_U' THEN '_U'
      ELSE 'N'
    END AS has_arrived,
    CASE
      WHEN regexp_full_match(industry, '[A-U][0-9]{0,4}') THEN industry[1]
      WHEN regexp_full_match(industry, '[0-9]{2,4}') THEN industry[1:2]
    END AS industry_key
  FROM persons
),
dated AS (                -- with the first and the last day on which the person may have arrived
  SELECT asked.*,
    CASE WHEN arrival_year BETWEEN 1800 AND 2200
      THEN make_date(arrival_year, CASE WHEN arrival_month BETWEEN 1 AND 12 THEN arrival_month ELSE 1 END, 1)
    END AS first_day,
    CASE WHEN arrival_year BETWEEN 1800 AND 2200
      THEN last_day(make_date(arrival_year, CASE WHEN arrival_month BETWEEN 1 AND 12 THEN arrival_month ELSE 12 END, 1))
    END AS last_day_of_it
  FROM asked
),
stayed AS (               -- with the least and the most years since; an arrival after the day is not believed
  SELECT dated.*,
    CASE
      WHEN first_day > reference_date THEN NULL
      WHEN $in_calendar_years THEN year(reference_date) - arrival_year
      ELSE date_sub('year', least(last_day_of_it, reference_date), reference_date)
    END AS least_years,
    CASE
      WHEN first_day > reference_date THEN NULL
      WHEN $in_calendar_years THEN year(reference_date) - arrival_year
      ELSE date_sub('year', first_day, reference_date)
    END AS most_years,
    CASE WHEN first_day <= reference_date THEN year(reference_date) - arrival_year END AS years_back
  FROM dated
),
banded AS (               -- with the bands of both
  SELECT stayed.*,
    CASE WHEN least_years < 1 THEN 'Y_LT1' WHEN least_years < 5 THEN 'Y1T4' WHEN least_years < 10 THEN 'Y5T9'
      WHEN least_years >= 10 THEN 'Y_GE10' END AS least_band,
    CASE WHEN most_years < 1 THEN 'Y_LT1' WHEN most_years < 5 THEN 'Y1T4' WHEN most_years < 10 THEN 'Y5T9'
      WHEN most_years >= 10 THEN 'Y_GE10' END AS most_band,
    (years_back - $single_years) // $band_years AS band,
    year(reference_date) - $single_years - band * $band_years AS last_of_band
  FROM stayed
)
SELECT
  banded.* EXCLUDE (
    ever_abroad, lived_abroad, first_day, last_day_of_it, least_years, most_years, least_band, most_band, years_back,
    band, last_of_band, industry_key, arrival_period, reason, previous_residence, country_1_year_ago, region_1_year_ago,
    country_5_years_ago, region_5_years_ago
  ),
  lived_abroad AS ever_abroad,
  CASE
    WHEN has_arrived = 'N' THEN '_Z'
    WHEN least_band = most_band THEN least_band
    ELSE '_U'
  END AS duration_of_stay,
  CASE
    WHEN has_arrived = 'N' THEN '_Z'
    WHEN years_back < $single_years THEN CAST(arrival_year AS VARCHAR)
    WHEN band < $bands THEN (last_of_band - $band_years + 1) || '-' || last_of_band
    WHEN band >= $bands THEN 'LT' || (year(reference_date) - $single_years - $bands * $band_years + 1)
    WHEN arrival_year IS NULL THEN coalesce(arrival_period, '_U')
    ELSE '_U'
  END AS arrival_period,
  coalesce(nullif(reason, '_U'), CASE WHEN has_arrived = 'N' THEN '_Z' END, '_U') AS reason,
  coalesce(nullif(previous_residence, '_U'), CASE WHEN has_arrived = 'N' THEN '_Z' END, '_U') AS previous_residence,
  CASE
    WHEN citizen IN ('NONCIT', 'STLS') THEN 'N'
    WHEN citizen = 'CIT' AND citizenship_acquired = 'NAT' THEN 'Y'
    WHEN citizen = 'CIT' AND citizenship_acquired = 'BIRTH' THEN 'N'
    WHEN citizen = 'CIT' AND former_citizenship = '_Z' THEN 'N'
    WHEN citizen = 'CIT' AND former_citizenship <> '_U' THEN 'Y'
    ELSE '_U'
  END AS naturalised,
  CASE
    WHEN regexp_full_match(occupation, '[0-9]{1,4}') THEN occupation[1]
    WHEN occupation = '_Z' OR (occupation IS NULL AND activity IN ('UNE', 'OLF', '_Z')) THEN '_Z'
    ELSE '_U'
  END AS occupation_group,
  CASE
    WHEN sections.section IS NOT NULL THEN sections.section
    WHEN industry = '_Z' OR (industry IS NULL AND activity IN ('UNE', 'OLF', '_Z')) THEN '_Z'
    ELSE '_U'
  END AS industry_section,
  CASE
    WHEN age < 1 THEN '_Z'
    WHEN here_1_year_ago = 'Y' THEN $country
    WHEN nullif(country_1_year_ago, '_U') IS NOT NULL THEN country_1_year_ago
    WHEN region_1_year_ago NOT IN ('_U', '_Z') THEN $country
    ELSE '_U'
  END AS country_1_year_ago,
  CASE
    WHEN age < 1 OR nullif(country_1_year_ago, '_U') <> $country THEN '_Z'
    WHEN here_1_year_ago = 'Y' THEN coalesce(region, '_U')
    ELSE coalesce(region_1_year_ago, '_U')
  END AS region_1_year_ago,
  CASE
    WHEN age < 5 THEN '_Z'
    WHEN here_5_years_ago = 'Y' THEN $country
    WHEN nullif(country_5_years_ago, '_U') IS NOT NULL THEN country_5_years_ago
    WHEN region_5_years_ago NOT IN ('_U', '_Z') THEN $country
    ELSE '_U'
  END AS country_5_years_ago,
  CASE
    WHEN age < 5 OR nullif(country_5_years_ago, '_U') <> $country THEN '_Z'
    WHEN here_5_years_ago = 'Y' THEN coalesce(region, '_U')
    ELSE coalesce(region_5_years_ago, '_U')
  END AS region_5_years_ago
FROM banded LEFT JOIN sections ON banded.industry_key = sections.key
