#!/bin/sh
# Receive what other bodies published, make the tables, print some, and bring them through the gate.
# Use: run.sh [DATA FOLDER] [WORKING FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../begin.sh"
un=$data/undesa_ims
pairs=$un/ims2024_origin_destination_sex.parquet
oecd=OECD_DF_MIG.csv
labour=ESTAT_population_by_sex_age_labour_status_foreigners.csv
protection=ESTAT_temporary_protection_beneficiaries_monthly.csv

prepared=$work/local/prepared
python "$here/prepare.py" "$prepared" "$un/undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx" "$pairs" \
    "$data/sdmx_csv/$oecd" "$data/sdmx_csv/$labour" "$data/sdmx_csv/$protection"
sojourn check
sojourn receive un-stock "$prepared/stock_2020.csv" --period 2020
sojourn receive un-stock "$prepared/stock_2024.csv" --period 2024
sojourn receive un-pairs "$pairs" --period 2024
sojourn receive unhcr "$data/unhcr/population.parquet"
sojourn receive oecd-inflows "$prepared/$oecd"
sojourn receive eurostat-labour "$prepared/$labour"
sojourn receive eurostat-protection "$prepared/$protection"
sojourn run
sojourn show MIGRANT_STOCK reference_area=_T sex=_T
sojourn show LABOUR_STATUS reference_area=GRC sex=_T

# Everyone who takes part needs a passphrase; those of the example lie beside its keys.
umask 077
mkdir -p "$work.passphrases"
for person in statistician-1 checker-1 checker-2 publisher-1; do
    head -c 24 /dev/urandom | base64 > "$work.passphrases/$person"
    sojourn people enrol "$person" --passphrase-file "$work.passphrases/$person"
done
release() {
    person=$1
    shift
    sojourn release "$@" --as "$person" --passphrase-file "$work.passphrases/$person"
}
release statistician-1 prepare partners
hash=$(sojourn --json release list | sed -n 's/.*"hash": "\(.*\)".*/\1/p' | head -1)
release checker-1 check "$hash"
release checker-1 approve "$hash"
release checker-2 approve "$hash"
release publisher-1 publish "$hash"
echo "Look at it: sojourn --project $work serve portal"
