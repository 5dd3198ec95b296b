#!/usr/bin/env bash
# Builds podinfo's container for both architectures and pushes it under one tag: container.sh TAG.
# The build runs the tests: what they refuse is never pushed.
set -euo pipefail

tag=$1
image="ghcr.io/${GITHUB_REPOSITORY_OWNER,,}/podinfo"

docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin <<< "$GITHUB_TOKEN"
# The builder that comes with Docker cannot push for more than one architecture.
docker buildx create --use
docker buildx build \
  --platform linux/amd64,linux/arm64 \
  --build-arg "REVISION=$GITHUB_SHA" \
  --label "org.opencontainers.image.source=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" \
  --label "org.opencontainers.image.revision=$GITHUB_SHA" \
  --label "org.opencontainers.image.version=$tag" \
  --tag "$image:$tag" \
  --push \
  .
echo "Pushed \`$image:$tag\`" >> "$GITHUB_STEP_SUMMARY"
