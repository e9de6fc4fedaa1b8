-- Each household with whether it has emigrants: those that are reported say more than the answer.
WITH reported AS (        -- each household that reports emigrants
  SELECT household_id, count(*) AS emigrants_reported FROM emigrants GROUP BY household_id
)
SELECT households.* EXCLUDE (has_emigrants, receives_remittances),
  coalesce(has_emigrants, '_U') AS stated_has_emigrants,
  coalesce(emigrants_reported, 0) AS emigrants_reported,
  CASE
    WHEN emigrants_reported > 0 THEN 'Y'
    WHEN nullif(has_emigrants, '_U') IS NOT NULL THEN has_emigrants
    WHEN $report_is_complete THEN 'N'
    ELSE '_U'
  END AS has_emigrants,
  coalesce(receives_remittances, '_U') AS receives_remittances
FROM households LEFT JOIN reported USING (household_id)
