{{/* Labels that every object of the release bears. */}}
{{- define "podinfo.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "podinfo.selector" . }}
{{- end }}

{{/* What selects the Pods. A Deployment's selector cannot be changed: neither may this. */}}
{{- define "podinfo.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
{{- end }}

{{/* Labels of a test's Pod, which the Service must not select. */}}
{{- define "podinfo.testLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* How a container may run: as nobody, without rights, on a file system that it cannot write. */}}
{{- define "podinfo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "podinfo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Where the release answers, as its tests ask it. */}}
{{- define "podinfo.url" -}}
http://{{ .Release.Name }}:{{ .Values.service.port }}
{{- end }}

{{/*
The spec of a test's Pod: fetches `path` until `wanted` is in the answer, for half a minute at most,
because a Pod of the release before may still be ending.
*/}}
{{- define "podinfo.test" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "podinfo.podSecurity" . | nindent 2 }}
containers:
  - name: ask
    image: {{ .root.Values.tests.image | quote }}
    command: [sh, -c]
    args:
      - |
        for try in 1 2 3 4 5 6; do
          if wget -qO- -T 3 "$URL" | grep -F -- "$WANTED"; then exit 0; fi
          sleep 2
        done
        echo "$URL did not answer with $WANTED" >&2
        exit 1
    env:
      - name: URL
        value: {{ printf "%s%s" (include "podinfo.url" .root) .path | quote }}
      - name: WANTED
        value: {{ .wanted | quote }}
    securityContext:
      {{- include "podinfo.containerSecurity" . | nindent 6 }}
    resources:
      requests:
        cpu: 10m
        memory: 8Mi
      limits:
        memory: 32Mi
{{- end }}
