{{- define "topics.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
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
