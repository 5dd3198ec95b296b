#!/usr/bin/env bash
# Adds the chart to the chart repository on the branch gh-pages: chart.sh VERSION.
# A package that is there already is left as it is. Of two releases at once, one tries again.
set -euo pipefail

version=$1
package="podinfo-$version.tgz"
url="https://${GITHUB_REPOSITORY_OWNER,,}.github.io/${GITHUB_REPOSITORY#*/}/"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The token is in no address and in no list of processes: git asks for it where it needs it.
# shellcheck disable=SC2016 # the helper's shell is to expand it, not this one
helper='!f() { test "$1" = get && printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN"; }; f'
in_pages() {
  GIT_TERMINAL_PROMPT=0 git -C "$pages" \
    -c credential.helper= -c "credential.helper=$helper" \
    -c user.name='github-actions[bot]' \
    -c user.email='41898282+github-actions[bot]@users.noreply.github.com' "$@"
}

helm package charts/podinfo --destination "$work/new"

for try in 1 2 3 4 5; do
  pages="$work/pages-$try"
  git init --quiet "$pages"
  in_pages remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
  if in_pages ls-remote --exit-code origin refs/heads/gh-pages > /dev/null; then
    in_pages fetch --quiet --depth 1 origin gh-pages
    in_pages checkout --quiet -b gh-pages FETCH_HEAD
  elif [ $? -eq 2 ]; then
    in_pages checkout --quiet --orphan gh-pages
    touch "$pages/.nojekyll"
  else
    echo "::error::GitHub cannot be asked for the branch gh-pages"
    exit 1
  fi
  if [[ -e $pages/$package ]]; then
    echo "The chart $version was released before" >> "$GITHUB_STEP_SUMMARY"
    exit 0
  fi

  # Only the new package is indexed, so that what the index says of the others stays as it is.
  rm -rf "$work/index"
  cp -R "$work/new" "$work/index"
  merge=()
  if [[ -e $pages/index.yaml ]]; then
    merge=(--merge "$pages/index.yaml")
  fi
  helm repo index "$work/index" --url "$url" "${merge[@]}"
  cp "$work/index/$package" "$work/index/index.yaml" "$pages/"
  in_pages add --all
  in_pages commit --quiet --message "Release podinfo $version"
  if in_pages push --quiet origin gh-pages; then
    echo "Released the chart \`$version\` to $url" >> "$GITHUB_STEP_SUMMARY"
    exit 0
  fi
  echo "Another release came first; trying again"
done
echo "::error::gh-pages could not be pushed after 5 attempts"
exit 1
