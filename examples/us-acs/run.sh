#!/bin/sh
# Receive the survey's files, one a state, make the tables and print them.
# Use: run.sh [DATA FOLDER] [WORKING FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../begin.sh"

sojourn check
sojourn receive acs "$data"/us_acs_pums_2024/p_*.parquet --period 2024
sojourn run
sojourn show NATIVITY_STATE
sojourn show CITIZENSHIP_STATE
sojourn show SHARE_FOREIGN_BORN nativity=FB
sojourn risk NATIVITY_SEX_AGE
