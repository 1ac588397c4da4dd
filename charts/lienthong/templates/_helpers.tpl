{{/* Name of this installation, at most 40 characters: names of components come behind it. */}}
{{- define "lienthong.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the program in labels, which are no longer than this. */}}
{{- define "lienthong.name" -}}
{{- include "lienthong.label" (default .Chart.Name .Values.nameOverride) -}}
{{- end -}}

{{/* As much of a text as a label may have; it ends with a letter or a digit. */}}
{{- define "lienthong.label" -}}
{{- . | trunc 63 | trimAll "-_." -}}
{{- end -}}

{{/* Labels by which pods are found, which never change. Wants root and name. */}}
{{- define "lienthong.selector" -}}
app.kubernetes.io/name: {{ include "lienthong.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{/* Labels of everything. Wants root and name. */}}
{{- define "lienthong.labels" -}}
{{ include "lienthong.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels of pods: another chart around the same program does not replace them. Wants root and name. */}}
{{- define "lienthong.podLabels" -}}
{{ include "lienthong.selector" . }}
app.kubernetes.io/part-of: lienthong
app.kubernetes.io/version: {{ include "lienthong.label" (.root.Values.image.tag | default .root.Chart.AppVersion) | quote }}
{{- with .root.Values.global.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name, labels and annotations of a thing. Wants root, name and, where there are, annotations and another name `called`. */}}
{{- define "lienthong.metadata" -}}
name: {{ .called | default (printf "%s-%s" (include "lienthong.fullname" .root) .name) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "lienthong.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.global.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The image, by its digest where there is one. Wants root. */}}
{{- define "lienthong.image" -}}
{{- $image := .Values.image -}}
{{- $registry := .Values.global.imageRegistry | default $image.registry -}}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "lienthong.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Puts the enabled components, each merged over `defaults`, into the dictionary `into`. Wants root and into. */}}
{{- define "lienthong.components" -}}
{{- include "lienthong.insistOnValues" .root -}}
{{- range $name, $block := .root.Values.components -}}
{{- $merged := mergeOverwrite (deepCopy $.root.Values.defaults) (deepCopy ($block | default dict)) -}}
{{- if $merged.enabled -}}
{{- $_ := set $.into $name (dict "root" $.root "name" $name "block" $merged) -}}
{{- end -}}
{{- end -}}
{{- if not .into -}}
{{- fail "components: none is enabled; to stop a service and keep its data, say {replicas: 0}" -}}
{{- end -}}
{{- if and (hasKey .into "all") (gt (len .into) 1) -}}
{{- fail "components.all: is every service in one process; disable the others, or it (see values-small.yaml)" -}}
{{- end -}}
{{- end -}}

{{/* Refuses a key without a value: Helm takes it for the wish to have none of what the chart says there. */}}
{{- define "lienthong.insistOnValues" -}}
{{- range $key := list "global" "image" "config" "secrets" "trust" "defaults" "components" "migrations" "networkPolicy" "test" -}}
{{- if not (kindIs "map" (get $.Values $key)) -}}
{{- fail (printf "%s: has no value; give it one, or take the line away" $key) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "all" "intake" "notification" "routing" "signing" "workflow" -}}
{{- if not (hasKey $.Values.components $name) -}}
{{- fail (printf "components.%s: has no value; give it one, take the line away, or say {enabled: false}" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Puts the component's name into a name or key of a secret. Wants name and text. */}}
{{- define "lienthong.named" -}}
{{- .text | replace "{component}" .name -}}
{{- end -}}

{{/* Name of the service account of a component. */}}
{{- define "lienthong.serviceAccount" -}}
{{- $account := .block.serviceAccount -}}
{{- if $account.name }}{{ $account.name }}
{{- else if $account.create }}{{ include "lienthong.fullname" .root }}-{{ .name }}
{{- else }}default
{{- end -}}
{{- end -}}
