-- Keys, links, and false and missed links to expect, by source, other source and group of keys.
with keys as (            -- each key with the categories in which it stands
    select source, record_key,
        coalesce(citizenship, '_U') as citizenship,
        coalesce(birthplace, '_U') as birthplace,
        coalesce(sex, '_U') as sex,
        coalesce(bands.code, '_U') as band,
        coalesce(script, '_U') as script,
        case when has_document then 'Y' when not has_document then 'N' else '_U' end as has_document,
        case when has_birth_day then 'Y' when not has_birth_day then 'N' else '_U' end as has_birth_day
    from links left join bands on links.birth_year between bands.earliest and bands.latest
),
sources as (              -- each source once
    select distinct source from keys
),
ends as (                 -- each pair of two sources, from either of its keys
    select pair_id, source, record_key, other_source, probability, is_link
    from pairs where source <> other_source
    union all
    select pair_id, other_source, other_key, source, probability, is_link
    from pairs where source <> other_source
),
with_room as (            -- and by how much its key can still have a partner there beside its links
    select *,
        greatest(1 - coalesce(sum(probability) filter (where is_link) over of_key, 0), 0) as room,
        sum(probability) filter (where not is_link) over of_key as wanted
    from ends
    window of_key as (partition by source, record_key, other_source)
),
expected as (             -- and the probability that it is false, or was missed as far as both keys have room
    select source, record_key, other_source, is_link,
        case when is_link then 1 - probability else 0 end as untrue,
        case when is_link or probability = 0 then 0
            else probability * least(1, min(room / wanted) over (partition by pair_id)) end as missed
    from with_room
),
of_keys as (              -- each key with a pair, by other source; sums of decimals do not depend on their order
    select source, record_key, other_source, count(*) as candidates,
        count(*) filter (where is_link) as links,
        sum(cast(untrue as decimal(18, 12))) as untrue,
        sum(cast(missed as decimal(18, 12))) as missed,
        sum(cast(untrue * (1 - untrue) as decimal(18, 12))) as false_variance,
        sum(cast(missed * (1 - missed) as decimal(18, 12))) as missed_variance
    from expected
    group by source, record_key, other_source
),
towards as (              -- the same, and taken together for any other source where there are several
    select * from of_keys
    union all
    select source, record_key, '_T', sum(candidates), sum(links), sum(untrue), sum(missed),
        sum(false_variance), sum(missed_variance)
    from of_keys
    where (select count(*) from sources) > 2
    group by source, record_key
),
others as (               -- each two sources, and each source with any other
    select sources.source, other.source as other_source
    from sources join sources as other on sources.source <> other.source
    union all
    select source, '_T' from sources where (select count(*) from sources) > 2
),
counted as (              -- each group of keys towards each other source
    select source, other_source,
        case
            when grouping(citizenship) = 0 then 'citizenship'
            when grouping(birthplace) = 0 then 'birthplace'
            when grouping(sex) = 0 then 'sex'
            when grouping(band) = 0 then $of_age
            when grouping(script) = 0 then 'script'
            when grouping(has_document) = 0 then 'has_document'
            when grouping(has_birth_day) = 0 then 'has_birth_day'
            else 'all'
        end as breakdown,
        coalesce(citizenship, birthplace, sex, band, script, has_document, has_birth_day, '_T') as category,
        count(*) as all_keys,
        count(*) filter (where links > 0) as linked_keys,
        coalesce(sum(links), 0) as links,
        coalesce(sum(candidates), 0) as candidates,
        coalesce(sum(untrue), 0) as expected_false,
        coalesce(sum(missed), 0) as expected_missed,
        coalesce(sum(false_variance), 0) as false_variance,
        coalesce(sum(missed_variance), 0) as missed_variance
    from keys
        join others using (source)
        left join towards using (source, record_key, other_source)
    group by grouping sets (
        (source, other_source), (source, other_source, citizenship), (source, other_source, birthplace),
        (source, other_source, sex), (source, other_source, band), (source, other_source, script),
        (source, other_source, has_document), (source, other_source, has_birth_day)
    )
)
select source, other_source, breakdown, category,
    cast(all_keys as bigint) as all_keys, cast(linked_keys as bigint) as linked_keys,
    cast(links as bigint) as links, cast(candidates as bigint) as candidates,
    cast(expected_false as double) as expected_false, cast(expected_missed as double) as expected_missed,
    cast(false_variance as double) as false_variance, cast(missed_variance as double) as missed_variance
from counted
where breakdown = 'all' or list_contains($breakdowns, breakdown)
order by source, other_source, breakdown <> 'all', breakdown, category
