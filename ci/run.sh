#!/usr/bin/env bash
# Run the commands of WHYFETCH_RUN as a step of GitHub does, and capture meanwhile. How they ended is an output, `status`,
# so that the report comes before the step fails.
set -euo pipefail
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

directory=$(new_directory)
printf '%s\n' "$directory" >"$(base)/whyfetch-directory"
printf '%s\n' "${WHYFETCH_RUN:?}" >"$directory/commands.sh"
commands=(bash --noprofile --norc -eo pipefail "$directory/commands.sh")
cd "${WHYFETCH_WORKING_DIRECTORY:-.}"
status=0
if may_capture; then
  mkdir "$directory/capture"
  capture_options
  if [[ $(id -u) != 0 ]]; then
    capture+=(--user "$(id -un)")
  fi
  ${root[@]+"${root[@]}"} whyfetch run --always "${capture[@]}" -w "$directory/capture/trace.pcapng" -o "$directory/live.jsonl" \
    -- "${commands[@]}" || status=$?
else
  say warning "nothing is captured: that takes root, or sudo without a password"
  "${commands[@]}" || status=$?
fi
output directory "$directory"
output status "$status"
