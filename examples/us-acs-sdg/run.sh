#!/bin/sh
# Join the survey's files and compute the SDG indicators that they allow, by migratory status.
# Use: run.sh [DATA FOLDER] [WORKING FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${1:-${SOJOURN_SHARED_DATA:-$here/../../../shared/data}}
if [ ! -d "$data/us_acs_pums_2024" ]; then
    echo "There is no folder $data/us_acs_pums_2024. Name the folder of the data: $0 DATA [WORK]" >&2
    exit 2
fi
work=${2:-$(mktemp -d "${TMPDIR:-/tmp}/sojourn-example.XXXXXX")}
mkdir -p "$work"
python3 "$here/prepare.py" "$data/us_acs_pums_2024" "$work/persons.parquet"
sojourn tool sdg-indicators "$work/persons.parquet" "$work/sdg.csv" --design "$here/design.yaml" \
    --spec "$here/sdg.yaml" --report "$work/report.md"
echo "Figures and report are in $work."
