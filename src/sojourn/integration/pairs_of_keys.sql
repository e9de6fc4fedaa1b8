-- Each pair of keys that was looked at and could be one person.
select
    left(
        sha256('pair|' || one.source || '|' || one.record_key || '|' || other.source || '|' || other.record_key),
        32
    ) as pair_id,
    one.source, one.record_key, other.source as other_source, other.record_key as other_key,
    if(isnan(pairs.score), null, pairs.score) as score, pairs.probability, pairs.is_link, pairs.method
from pairs
join keys as one on one.unit = pairs.one
join keys as other on other.unit = pairs.other
order by pairs.one, pairs.other
