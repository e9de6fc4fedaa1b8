-- How many households say what no household may say, by check.
WITH judged AS (          -- each household: true where the check fails, null where the answers do not decide it
  SELECT
    members_disagree,
    CASE WHEN stated_has_emigrants IN ('Y', 'N') THEN stated_has_emigrants = 'N' AND emigrants_reported > 0 END
      AS emigrants_without_answer,
    CASE WHEN stated_has_emigrants IN ('Y', 'N') THEN stated_has_emigrants = 'Y' AND emigrants_reported = 0 END
      AS answer_without_emigrants
  FROM households
)
SELECT check_id, count(outcome) AS decided, count(*) FILTER (outcome) AS failing,
  count(*) - count(outcome) AS undecided
FROM judged UNPIVOT INCLUDE NULLS (outcome FOR check_id IN (COLUMNS(*)))
GROUP BY check_id
