#!/usr/bin/env bash
# End the capture, if one runs, and report: annotations, the summary of the step, files. Outputs: `directory`, `capture`,
# `page`, `rows`, and `found`, whether --fail-on is met.
set -euo pipefail
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The capture ends at SIGTERM, as at Ctrl-C, with all that it has seen; sudo passes it on.
stop() {
  local pid
  if [[ ! -f $directory/pid ]]; then
    return
  fi
  pid=$(<"$directory/pid")
  rm "$directory/pid"
  ${root[@]+"${root[@]}"} kill -TERM "$pid" 2>/dev/null || return 0
  for _ in {1..100}; do # ten seconds
    if ! ${root[@]+"${root[@]}"} kill -0 "$pid" 2>/dev/null; then
      return
    fi
    sleep 0.1
  done
  say warning "the capture did not end within ten seconds"
}

# What is reported: rows of a command, which are its own alone, and rows of a capture whose first file is gone; else the
# packets, which can be shown.
choose() {
  input=$directory/capture
  if [[ -s $directory/live.jsonl ]] && { [[ -f $directory/commands.sh ]] || ! whole; }; then
    input=$directory/live.jsonl
  fi
}

# Whether the first file of the ring is there.
whole() {
  compgen -G "$directory/capture/*_00001_*" >/dev/null
}

# Options for a comparison with a run before. Without one nothing is new yet: what is asked of new failures waits.
compare() {
  local pattern wanted=()
  if [[ -n ${WHYFETCH_BASELINE:-} && -f $WHYFETCH_BASELINE ]]; then
    options+=(--baseline "$WHYFETCH_BASELINE")
  elif [[ -n ${WHYFETCH_BASELINE:-} ]]; then
    say notice "there is no baseline yet, \`$WHYFETCH_BASELINE\`: nothing is compared"
  fi
  IFS=', ' read -r -a wanted <<<"${WHYFETCH_FAIL_ON:-}"
  for pattern in ${wanted[@]+"${wanted[@]}"}; do
    if [[ $pattern != new:* || -z ${WHYFETCH_BASELINE:-} || -f $WHYFETCH_BASELINE ]]; then
      options+=(--fail-on "$pattern")
    fi
  done
}

# Nothing that a packet says is taken for a command of the runner meanwhile.
quoted() {
  local token
  token=whyfetch-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    printf '::group::whyfetch\n::stop-commands::%s\n' "$token"
    "$@" || true
    printf '::%s::\n::endgroup::\n' "$token"
  else
    "$@" || true
  fi
}

directory=${WHYFETCH_DIRECTORY:-}
if [[ -z $directory && -f $(base)/whyfetch-directory ]]; then
  directory=$(<"$(base)/whyfetch-directory")
fi
if [[ -z $directory || ! -d $directory/capture ]]; then
  say warning "there is nothing to report: no capture was begun in this job"
  exit
fi
stop
if ! compgen -G "$directory/capture/*" >/dev/null; then
  say warning "there is nothing to report: the capture wrote no file"
  exit
fi
choose
options=()
compare
if [[ $input == *.jsonl ]]; then
  quoted whyfetch classify --format markdown "$input" 2>&1
else
  quoted whyfetch classify --format table --select failed,incomplete --color never "$input" 2>&1
fi
status=0
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  whyfetch classify --format github -q ${options[@]+"${options[@]}"} "$input" || status=$?
else
  whyfetch classify --format markdown -q ${options[@]+"${options[@]}"} -o "$directory/summary.md" "$input" || status=$?
fi
if [[ $status == 2 ]]; then
  say error "the report could not be made"
  exit 2
fi
for form in junit:junit.xml sarif:whyfetch.sarif gitlab:gl-code-quality-report.json; do
  whyfetch classify --format "${form%%:*}" -q ${options[@]+"${options[@]}"} -o "$directory/${form#*:}" "$input" || true
done
if [[ $input == *.jsonl ]]; then
  cp "$input" "$directory/rows.jsonl"
else
  whyfetch classify -q -o "$directory/rows.jsonl" "$input" || true
fi
if whyfetch report --help >/dev/null 2>&1; then
  whyfetch report -o "$directory/report.html" "$directory/capture" || true
fi
output directory "$directory"
output capture "$directory/capture"
output rows "$directory/rows.jsonl"
output page "$directory/report.html"
output found "$([[ $status == 1 ]] && printf true || printf false)"
