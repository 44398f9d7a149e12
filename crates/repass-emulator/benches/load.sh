#!/usr/bin/env bash
# How many requests in a second the emulator answers, beside axum handlers that do nothing but give
# the same answers, and what memory it has after many. Servers take turns under the same load.
#
# Needs wrk, on Debian and Ubuntu: apt-get install wrk. Nothing else should run on the machine.
# REQUESTS=10000000 is how many the last part sends; ROUNDS=5 and SECONDS_EACH=5 for the first.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${REQUESTS:=10000000}" "${ROUNDS:=5}" "${SECONDS_EACH:=5}"
threads=2 connections=64
command -v wrk >/dev/null || { echo 'wrk is missing: apt-get install wrk' >&2; exit 1; }

if [[ -z ${SERVER:-} ]]; then
  cargo build --quiet --release --example load-server
  target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
  SERVER=$target/release/examples/load-server
fi
folder=$(mktemp -d)
declare -A pid url
stop() { kill "${pid[@]}"; rm -r "$folder"; }
trap stop EXIT
trap 'exit 1' INT TERM

for server in bare 10 1000 100000; do
  "$SERVER" "$server" >"$folder/$server" &
  pid[$server]=$!
  until [[ -s $folder/$server ]]; do
    kill -0 "${pid[$server]}"
    sleep 0.05
  done
  url[$server]=$(<"$folder/$server")
done

# load SERVER KIND FLEET SECONDS: "RESULT requests requests/s errors".
load() {
  wrk --threads $threads --connections $connections --duration "$4s" --script benches/load.lua \
    "${url[$1]}" -- "$2" "$3" $threads | grep '^RESULT'
}
memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${pid[$1]}/status"; }
median() { sort --numeric-sort | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# Each kind of request goes to each of its servers in turns, so that whatever else the machine does
# hits all of them.
rows=('reset bare 10' 'reset 10 10' 'reset 100000 100000'
  'change bare 1000' 'change 1000 1000' 'change 100000 100000')
for round in $(seq "$ROUNDS"); do
  for row in "${rows[@]}"; do
    read -r kind server fleet <<<"$row"
    read -r _ _ rate errors < <(load "$server" "$kind" "$fleet" "$SECONDS_EACH")
    echo "$rate" >>"$folder/$kind-$server"
    echo "$errors" >>"$folder/errors"
  done
done
printf '\n%-34s %10s  %s\n' 'median of '"$ROUNDS"' rounds' requests/s 'of bare axum'
for row in "${rows[@]}"; do
  read -r kind server fleet <<<"$row"
  rate=$(median <"$folder/$kind-$server")
  [[ $server != bare ]] || bare=$rate
  case $kind-$server in
    reset-bare) name='bare axum, 204' ;;
    change-bare) name='bare axum, 200 with the same body' ;;
    reset-*) name="DMS reset, $server instances" ;;
    change-*) name="DCS change, $server instances" ;;
  esac
  printf '%-34s %10d  %s\n' "$name" "$rate" "$(awk "BEGIN { printf \"%.2f\", $rate / $bare }")"
done
echo "answers that were no success: $(awk '{ all += $1 } END { print all }' "$folder/errors")"

printf '\n%-34s %10s\n' 'requests to 1000 instances' 'memory/MiB'
printf '%-34d %10s\n' 0 "$(memory 1000)"
sent=0
while ((sent < REQUESTS)); do
  for kind in reset change; do
    read -r _ requests _ _ < <(load 1000 "$kind" 1000 10)
    sent=$((sent + requests))
  done
  printf '%-34d %10s\n' "$sent" "$(memory 1000)"
done
