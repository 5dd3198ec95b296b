#!/bin/sh
# Begins a release: another colour, the next versions, a branch and its pull request. The work is done
# by `weft release`, which says each step; this is its front, under the name that the demo has for it.
#   ./01-edit-container-and-increment-versions.sh --dry-run
set -eu

cd "$(dirname "$0")"

if ! command -v weft > /dev/null 2>&1; then
  cat >&2 <<'SENTENCE'
`weft` is not on the PATH. Either build it from a checkout of Weft:
  cargo install --locked --path proxy
or use its container image, which needs Docker and the token of a GitHub account:
  docker run --rm -it --user "$(id -u):$(id -g)" --env GITHUB_TOKEN \
    --volume "$PWD:/repository" --workdir /repository IMAGE release
SENTENCE
  exit 127
fi
exec weft release "$@"
