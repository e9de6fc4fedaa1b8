-- Each identity with the evidence from which its person's key is made.
-- The strongest identifier stands for the person; without one, the whole description; without either, the
-- record stands for itself. The kind of evidence is part of it, so that kinds never meet.
select * exclude (strongest, description),
    case
        when strongest is not null then 'document|' || upper(nfc_normalize(strongest))
        when description is not null then 'description|' || upper(nfc_normalize(description))
        else 'record|' || record_id
    end as evidence
from identities
