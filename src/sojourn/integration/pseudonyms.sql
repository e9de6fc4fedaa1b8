-- Each identity with the key that stands for its person: the readable definition of what the kernel computes.
-- The key is an HMAC-SHA-256 (RFC 2104); $inner and $outer are the secret, padded to a block and masked as
-- the RFC asks. Blanks, hyphens, points and slashes do not count. 128 bits are kept.
select * exclude (evidence),
    left(sha256($outer || unhex(sha256($inner || encode($purpose || '|' || translate(evidence, ' -./', ''))))), 32)
        as person_key
from evidence
