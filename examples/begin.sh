# Read by each example's run.sh: where the data lie, and a copy of the project to work in.
# Sets `data` (the producers' files), `work` (the copy) and the function `sojourn` (the command on the copy).
# Words of the run: [DATA FOLDER] [WORKING FOLDER]
data=${1:-${SOJOURN_SHARED_DATA:-$here/../../../shared/data}}
if [ ! -d "$data" ]; then
    echo "There is no folder $data. Name the folder of the data: $0 DATA [WORK]" >&2
    exit 2
fi
data=$(cd "$data" && pwd)
work=${2:-$(mktemp -d "${TMPDIR:-/tmp}/sojourn-example.XXXXXX")/project}
mkdir -p "$work"
work=$(cd "$work" && pwd)
cp -R "$here/." "$work/"
# The copy has keys of its own, beside it and not in it.
sed "s|^keys:.*|keys: $work.keys|" "$here/sojourn.yaml" > "$work/sojourn.yaml"
echo "The project is worked on in $work; nothing is written into $here."
sojourn() { command sojourn --project "$work" "$@"; }
