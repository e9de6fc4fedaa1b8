WITH pairs AS (            -- each person once in each cell
  SELECT DISTINCT CAST(person_key AS VARCHAR) AS person_key, CAST(cell AS VARCHAR) AS cell
  FROM events
  WHERE person_key IS NOT NULL AND cell IS NOT NULL
),
placed AS (                -- each person's cells in an order that only the salt tells
  SELECT person_key, cell,
    row_number() OVER (
      PARTITION BY person_key ORDER BY sha256($salt || chr(31) || person_key || chr(31) || cell), cell
    ) AS place
  FROM pairs
)
SELECT person_key, cell FROM placed WHERE place <= $most
