-- Each identity with the key that stands for its person.
-- The key is an HMAC-SHA-256 (RFC 2104) over the strongest identifier that the record has; $inner and
-- $outer are the secret, padded to a block and masked as the RFC asks. Half of its digits are kept: 128 bits.
with described as (       -- the identity as text in which case, blanks and hyphens do not matter
    select *,
        upper(translate(nfc_normalize(strongest), ' -./', '')) as strongest_normal,
        upper(translate(nfc_normalize(description), ' -./', '')) as description_normal
    from identities
),
named as (                -- with what kind of evidence it is, so that kinds never meet
    select * exclude (strongest, description, strongest_normal, description_normal),
        case
            when strongest_normal is not null then 'document|' || strongest_normal
            when description_normal is not null then 'description|' || description_normal
            else 'record|' || record_id
        end as evidence
    from described
)
select * exclude (evidence),
    left(sha256($outer || unhex(sha256($inner || encode($purpose || '|' || evidence)))), 32) as person_key
from named
