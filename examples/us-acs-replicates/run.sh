#!/bin/sh
# Receive the survey's file with its replicate weights, make the tables and print them.
# Use: run.sh [DATA FOLDER] [WORKING FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../begin.sh"

sojourn check
sojourn receive acs "$data"/us_acs_2011_ak_hi_80rep/persons.parquet --period 2011
sojourn run
sojourn show POPULATION age_group=_T
sojourn show AGE_SHARE sex=_T region=15
sojourn show MEAN_AGE
