# shellcheck shell=bash
# What the scripts of this directory share. They read WHYFETCH_* (see action.yml) and what the runner sets.

# A line for people: an annotation on GitHub, where `kind` is notice, warning or error; elsewhere plain text.
say() {
  local kind=$1 text=$2
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    text=${text//%/%25}
    text=${text//$'\r'/%0D}
    printf '::%s title=whyfetch::%s\n' "$kind" "${text//$'\n'/%0A}"
  else
    printf 'whyfetch: %s: %s\n' "$kind" "$text" >&2
  fi
}

# Give a value to the steps that follow, by the name of an output.
output() {
  if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  fi
}

# Where files may stand that nobody keeps.
base() {
  printf '%s' "${RUNNER_TEMP:-${TMPDIR:-/tmp}}"
}

# A directory of this start alone: nothing that an earlier one wrote is written over.
new_directory() {
  mktemp -d "$(base)/whyfetch-$(date -u +%Y%m%dT%H%M%SZ)-XXXXXX"
}

# Whether a capture can be begun: as root, or by a sudo that asks nothing.
may_capture() {
  [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null
}

# What makes a command run as root, with our PATH and environment, which sudo would forget: words for the array `root`.
root=()
if [[ $(id -u) != 0 ]]; then
  # shellcheck disable=SC2034  # those who source this file use it
  root=(sudo -n -E env "PATH=$PATH")
fi

# Options of `sniff` and `run` that say what is captured, in the array `capture`.
capture_options() {
  capture=(-i "${WHYFETCH_INTERFACE:-any}" -s "${WHYFETCH_SNAPLEN:-400}" --ring "${WHYFETCH_RING:-4x25MB}")
  if [[ -n ${WHYFETCH_FILTER:-} ]]; then
    capture+=(-f "$WHYFETCH_FILTER")
  fi
}
