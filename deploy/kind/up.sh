#!/usr/bin/env bash
# Makes one kind cluster with the whole process in it: Flux, five environments as namespaces, Weave
# GitOps and Weft in front of it at http://localhost:8080. Run again, it brings all of it up to date.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

cluster=weft
context="kind-$cluster"
weave_gitops_chart=4.0.36
environments=(dev dev-test uat stg prod)

usage() {
  cat <<'TEXT'
deploy/kind/up.sh: the whole process in one kind cluster. It reads these variables:
  REPOSITORY                  OWNER/NAME of your promotion repository on GitHub, made of gitops/
  GITHUB_TOKEN                a token for it: contents, commit statuses and pull requests, read and write
  WEFT_GITHUB_CLIENT_ID       of the GitHub App that people sign in with, whose callback is
                              http://localhost:8080/promotions/auth/github/callback
  WEFT_GITHUB_CLIENT_SECRET   its secret
  WEFT_IMAGE                  Weft's container image; built from this checkout when it is not set
deploy/kind/down.sh takes the cluster away again.
TEXT
}

say() { printf '\n%s\n' "$*"; }

fail() {
  printf 'up.sh: %s\n' "$*" >&2
  exit 1
}

need() {
  command -v "$1" > /dev/null 2>&1 || fail "$1 is not on the PATH; it comes from $2"
}

k() { kubectl --context "$context" "$@"; }

# A Secret of the files in a folder, so that no secret stands in a list of processes.
put_secret() {
  k --namespace "$1" create secret generic "$2" --from-file="$3" --dry-run=client --output yaml \
    | k apply --server-side --force-conflicts --filename - > /dev/null
}

put_namespace() {
  k create namespace "$1" --dry-run=client --output yaml \
    | k apply --server-side --filename - > /dev/null
}

case ${1:-} in
  "") ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

need docker https://docs.docker.com/engine/install/
need kind https://kind.sigs.k8s.io/
need kubectl https://kubernetes.io/docs/tasks/tools/
need flux https://fluxcd.io/flux/installation/
need helm https://helm.sh/docs/intro/install/
docker info > /dev/null 2>&1 || fail "Docker does not answer; start it, or ask for the right to use it"
for name in REPOSITORY GITHUB_TOKEN WEFT_GITHUB_CLIENT_ID WEFT_GITHUB_CLIENT_SECRET; do
  if [[ -z ${!name:-} ]]; then
    usage >&2
    fail "$name is not set"
  fi
done
[[ $REPOSITORY =~ ^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$ ]] || fail "REPOSITORY must be OWNER/NAME"
[[ $WEFT_GITHUB_CLIENT_ID =~ ^[A-Za-z0-9._-]+$ ]] || fail "WEFT_GITHUB_CLIENT_ID is no client ID"
flux_version=$(flux --version | grep -Eo '[0-9]+\.[0-9]+' | head -n 1)
if [[ $(printf '2.7\n%s\n' "$flux_version" | sort --version-sort | head -n 1) != 2.7 ]]; then
  fail "flux is $flux_version; the manifests need 2.7 or newer"
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if kind get clusters 2> /dev/null | grep -qx "$cluster"; then
  say "The cluster $cluster is there already."
else
  say "Creating the cluster $cluster (one to three minutes)."
  kind create cluster --name "$cluster" --wait 3m --config - <<'CLUSTER'
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraPortMappings:
      - containerPort: 30080
        hostPort: 8080
        listenAddress: 127.0.0.1
CLUSTER
fi

say "Installing Flux (about a minute)."
flux --context "$context" install \
  --components-extra=image-reflector-controller,image-automation-controller

say "Making the namespaces and their secrets."
put_namespace weft
mkdir "$work/git-auth" "$work/github-token"
printf git > "$work/git-auth/username"
printf %s "$GITHUB_TOKEN" > "$work/git-auth/password"
printf %s "$GITHUB_TOKEN" > "$work/github-token/token"
put_secret flux-system git-auth "$work/git-auth"
put_secret flux-system github-token "$work/github-token"
for environment in "${environments[@]}"; do
  # dev keeps the namespace that its files name: see flux/environments.yaml.
  namespace="app-podinfo-$environment"
  [[ $environment != dev ]] || namespace=app-podinfo
  put_namespace "$namespace"
  put_secret "$namespace" github-token "$work/github-token"
done
# What Flux signs its notifications with stays the same from run to run.
mkdir "$work/weft-hmac"
if ! k --namespace flux-system get secret weft-hmac --output 'go-template={{.data.token | base64decode}}' \
  > "$work/weft-hmac/token" 2> /dev/null; then
  head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$work/weft-hmac/token"
  put_secret flux-system weft-hmac "$work/weft-hmac"
fi
mkdir "$work/weft"
printf %s "$WEFT_GITHUB_CLIENT_SECRET" > "$work/weft/github-client"
printf %s "$GITHUB_TOKEN" > "$work/weft/github-reader"
cp "$work/weft-hmac/token" "$work/weft/hook-kind"
put_secret weft weft "$work/weft"

say "Installing Weave GitOps."
password=
if ! k --namespace flux-system get secret cluster-user-auth > /dev/null 2>&1; then
  password=$(head -c 15 /dev/urandom | base64 | tr '+/' '-_')
  mkdir "$work/user"
  printf admin > "$work/user/username"
  printf '%s\n' "$password" | docker run --rm --interactive httpd:2.4-alpine htpasswd -niBC 10 admin \
    | tr -d '\r\n' | cut -d : -f 2- | tr -d '\n' > "$work/user/password"
  [[ -s $work/user/password ]] || fail "the password of Weave GitOps could not be hashed"
  put_secret flux-system cluster-user-auth "$work/user"
fi
helm --kube-context "$context" upgrade weave-gitops oci://ghcr.io/weaveworks/charts/weave-gitops \
  --install --version "$weave_gitops_chart" --namespace flux-system \
  --values weave-gitops-values.yaml --wait --timeout 5m > /dev/null

if [[ -z ${WEFT_IMAGE:-} ]]; then
  say "Building Weft's container from this checkout (ten minutes or more the first time)."
  WEFT_IMAGE=weft:kind
  docker build --file ../Dockerfile --tag "$WEFT_IMAGE" ../..
  kind load docker-image --name "$cluster" "$WEFT_IMAGE"
fi
say "Installing Weft."
# The manifests are rendered from a copy in which the examples' names are replaced.
cp -R ../weft "$work/base"
mkdir -p "$work/deploy/kind"
mv "$work/base" "$work/deploy/weft"
cp -R weft flux "$work/deploy/kind/"
sed -i.before -e "s|demo/podinfo|$REPOSITORY|" -e "s|CLIENT_ID|$WEFT_GITHUB_CLIENT_ID|" \
  "$work/deploy/kind/weft/weft.yaml"
sed -i.before "s|github.com/demo/podinfo|github.com/$REPOSITORY|" "$work/deploy/kind/flux/"*.yaml
k kustomize "$work/deploy/kind/weft" \
  | sed "s|image: ghcr.io/demo/weft:latest|image: $WEFT_IMAGE|" \
  | k apply --server-side --force-conflicts --filename - > /dev/null
# A Pod reads its secrets when it starts.
k --namespace weft rollout restart deployment/weft > /dev/null
k --namespace weft rollout status deployment/weft --timeout 5m

say "Pointing Flux at https://github.com/$REPOSITORY."
k kustomize "$work/deploy/kind/flux" | k apply --server-side --force-conflicts --filename - > /dev/null
if ! k --namespace flux-system wait gitrepository/podinfo --for=condition=Ready --timeout 2m; then
  k --namespace flux-system get gitrepository podinfo \
    --output 'go-template={{range .status.conditions}}{{if eq .type "Ready"}}{{.message}}{{"\n"}}{{end}}{{end}}' >&2
  fail "Flux cannot read https://github.com/$REPOSITORY: does it exist, and may the token read it?"
fi

say "Weft is at http://localhost:8080/promotions/, Weave GitOps behind it at http://localhost:8080/."
if [[ -n $password ]]; then
  echo "Weave GitOps lets in admin with the password $password (it is not shown again)."
fi
