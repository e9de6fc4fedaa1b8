-- Each record with the main reason of European permit statistics for the permit and for the one before it.
SELECT records.* EXCLUDE (permit_reason, previous_permit_reason),
  coalesce(reasons.permit_reason, '_U') AS permit_reason,
  coalesce(reasons_before.permit_reason, '_U') AS previous_permit_reason
FROM records
  LEFT JOIN reasons ON records.reason = reasons.reason
  LEFT JOIN reasons AS reasons_before ON records.previous_reason = reasons_before.reason
