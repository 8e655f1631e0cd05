#!/usr/bin/env bash
# Begin to capture, in the background, until report.sh. A job that cannot be captured runs on, and is told so.
set -euo pipefail
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! may_capture; then
  say warning "nothing is captured: that takes root, or sudo without a password"
  exit
fi
directory=$(new_directory)
mkdir "$directory/capture"
capture_options
${root[@]+"${root[@]}"} nohup whyfetch sniff "${capture[@]}" -w "$directory/capture/trace.pcapng" -o "$directory/live.jsonl" \
  --format jsonl --settle -q </dev/null >"$directory/sniff.log" 2>&1 &
pid=$!
for _ in {1..100}; do # ten seconds
  if compgen -G "$directory/capture/*.pcapng" >/dev/null; then
    break
  fi
  if ! kill -0 "$pid" 2>/dev/null; then
    say warning "nothing is captured: $(tail -n 5 "$directory/sniff.log")"
    exit
  fi
  sleep 0.1
done
printf '%s\n' "$pid" >"$directory/pid"
printf '%s\n' "$directory" >"$(base)/whyfetch-directory"
output directory "$directory"
