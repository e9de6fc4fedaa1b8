-- One row for each key of one source: the newest value of everything that its records state.
-- Of several values of one day the greatest by its letters stands, so that the order of deliveries does not
-- matter. Names are taken together, as the newest record has them: a surname without its given name misleads.
with together as (
    -- each record that counts, with what the vault knows of it
    select records.person_key, records.seen, records.sex, records.birth_year, records.citizenship,
        records.birthplace, records.region, records.died, identities.surname, identities.given_names,
        identities.birth_date, identities.document_no, identities.national_id, identities.address,
        identities.phone, records.household_id,
        coalesce(records.seen, date '0001-01-01') as day
    from records join identities using (record_id)
),
newest as (
    -- each key once
    select person_key as record_key,
        count(*) as records,
        max(seen) as last_seen,
        min(died) as died,
        arg_max(
            {'surname': surname, 'given_names': given_names},
            {'day': day, 'surname': coalesce(surname, ''), 'given_names': coalesce(given_names, '')}
        ) filter (surname is not null or given_names is not null) as names,
        arg_max(birth_date, {'day': day, 'value': birth_date}) filter (birth_date is not null) as birth_date,
        arg_max(document_no, {'day': day, 'value': document_no})
            filter (document_no is not null) as document_no,
        arg_max(national_id, {'day': day, 'value': national_id})
            filter (national_id is not null) as national_id,
        arg_max(address, {'day': day, 'value': address}) filter (address is not null) as address,
        arg_max(phone, {'day': day, 'value': phone}) filter (phone is not null) as phone,
        arg_max(sex, {'day': day, 'value': sex}) filter (sex is not null and sex <> '_U') as sex,
        arg_max(birth_year, {'day': day, 'value': birth_year})
            filter (birth_year is not null) as birth_year,
        arg_max(citizenship, {'day': day, 'value': citizenship})
            filter (citizenship is not null and citizenship <> '_U') as citizenship,
        arg_max(birthplace, {'day': day, 'value': birthplace})
            filter (birthplace is not null and birthplace <> '_U') as birthplace,
        arg_max({'household_id': household_id, 'seen': seen}, {'day': day, 'value': household_id})
            filter (household_id is not null) as household,
        arg_max(region, {'day': day, 'value': region}) filter (region is not null and region <> '_U') as region
    from together
    group by person_key
)
select record_key, records, last_seen, died, names.surname as surname, names.given_names as given_names,
    -- A source that gives the year alone says so.
    coalesce(birth_date, lpad(cast(birth_year as varchar), 4, '0') || '-00-00') as birth_date,
    document_no, national_id, address, phone, sex, birth_year, citizenship, birthplace, region,
    household.household_id as household_id, household.seen as listed_on
from newest
order by record_key
