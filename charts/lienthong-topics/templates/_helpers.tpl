{{- define "topics.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/part-of: lienthong
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A right of a user. Wants kind, name and operations. */}}
{{- define "topics.right" -}}
- resource: {type: {{ .kind }}, name: {{ .name | quote }}, patternType: literal}
  operations: {{ .operations | toJson }}
  host: "*"
{{- end -}}

{{/* Refuses a key without a value: Helm takes it for the wish to have none of what the chart says there. */}}
{{- define "topics.insistOnValues" -}}
{{- range $path := include "topics.needed" . | trim | splitList "\n" -}}
{{- $keys := splitList "." $path -}}
{{- $held := $.Values -}}
{{- range initial $keys -}}{{- $held = index $held . -}}{{- end -}}
{{- if kindIs "invalid" (index $held (last $keys)) -}}
{{- fail (printf "%s: has no value; give it one, or take the line away" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
