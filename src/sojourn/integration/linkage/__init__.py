"""One person found again: records that identify people, compared, scored and joined without a common number.

`specification` says which columns mean what; `encoding` makes numbers of records; `blocking` chooses the
pairs that are looked at; `pair_kernel` compares and scores them; `model` learns the weights without labels;
`assignment` decides who is who.
"""
