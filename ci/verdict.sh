#!/usr/bin/env bash
# How the step ends, when all is reported: as the commands did; else 1 if there is what `fail-on` asks for.
set -euo pipefail

status=${WHYFETCH_STATUS:-0}
if [[ $status == 0 && ${WHYFETCH_FOUND:-false} == true ]]; then
  status=1
fi
exit "$status"
