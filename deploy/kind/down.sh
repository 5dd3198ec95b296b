#!/usr/bin/env bash
# Takes the kind cluster of up.sh away, with everything in it.
set -euo pipefail

command -v kind > /dev/null 2>&1 || {
  echo "down.sh: kind is not on the PATH; it comes from https://kind.sigs.k8s.io/" >&2
  exit 1
}
kind delete cluster --name weft
