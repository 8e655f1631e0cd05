#!/usr/bin/env bash
# Install whyfetch, unless it is there: by uv, pipx, or pip into an environment of its own.
set -euo pipefail
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

requirement=${WHYFETCH_REQUIREMENT:-whyfetch}

case ${WHYFETCH_MODE-run} in
  run | start | report) ;;
  *)
    say error "give \`run\`, or \`mode\`: start before the steps that fail, and report behind them"
    exit 2
    ;;
esac
if command -v whyfetch >/dev/null; then
  whyfetch --version
  exit
fi
if command -v uv >/dev/null; then
  uv tool install --quiet "$requirement"
  bin=$(uv tool dir --bin)
elif command -v pipx >/dev/null; then
  pipx install --quiet "$requirement"
  bin=$(pipx environment --value PIPX_BIN_DIR)
elif command -v python3 >/dev/null; then
  python3 -m venv "$(base)/whyfetch-environment"
  bin=$(base)/whyfetch-environment/bin
  "$bin/python3" -m pip install --quiet "$requirement"
else
  say error "nothing here installs Python programs: provide uv, pipx or python3"
  exit 2
fi
if [[ -n ${GITHUB_PATH:-} ]]; then
  printf '%s\n' "$bin" >>"$GITHUB_PATH"
fi
PATH=$bin:$PATH
whyfetch --version
