-- The rule by window functions: what each crossing can do, and where the person lived before it.
WITH legs AS (
  SELECT person_id, crossing_id, date, direction = 'arrival' AS is_in, lead(date) OVER journey AS next_date
  FROM crossings WINDOW journey AS (PARTITION BY person_id ORDER BY date, crossing_id)
),
sums AS (
  SELECT *, coalesce(sum(CASE WHEN is_in THEN next_date - date ELSE 0 END) OVER before, 0) AS spent
  FROM legs WINDOW before AS (
    PARTITION BY person_id ORDER BY date, crossing_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
ends AS (
  SELECT *, last_value(spent) OVER ahead AS spent_last, last_value(is_in) OVER ahead AS in_last,
    last_value(date) OVER ahead AS date_last, least(date + 487, DATE '2019-12-31') AS window_end
  FROM sums WINDOW ahead AS (
    PARTITION BY person_id ORDER BY date RANGE BETWEEN CURRENT ROW AND INTERVAL 487 DAY FOLLOWING)
),
counted AS (
  SELECT *, spent_last + CASE WHEN in_last THEN window_end - date_last ELSE 0 END - spent AS days_in,
    window_end - date AS observed
  FROM ends
),
judged AS (
  SELECT *, CASE WHEN is_in THEN days_in ELSE observed - days_in END AS new_days FROM counted
),
decided AS (
  SELECT *, CASE WHEN new_days >= 365 THEN true WHEN observed - new_days > 122 THEN false END AS can FROM judged
)
SELECT *, last_value(CASE WHEN can THEN is_in END IGNORE NULLS) OVER before AS resident
FROM decided WINDOW before AS (
  PARTITION BY person_id ORDER BY date, crossing_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
