{{/* Name of this installation. Behind it come the component's, two dashes and a hash: Kubernetes cuts names of pods before
their last part at 58 characters, and what asks for a component's figures knows its pods by their names. */}}
{{- define "lienthong.fullname" -}}
{{- $name := default .Release.Name .Values.fullnameOverride | trunc 33 | trimSuffix "-" -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" $name) -}}
{{- fail (printf "fullnameOverride: names of services begin with a letter and have no dots, and %s is what theirs begin with; give it another one" $name) -}}
{{- end -}}
{{- $name -}}
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
app.kubernetes.io/name: {{ include "lienthong.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
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
name: {{ .called | default (printf "%s-%s" (include "lienthong.fullname" .root) .name) | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "lienthong.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) (.root.Values.global.annotations | default dict) }}
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
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Puts the enabled components, each merged over `defaults`, into the dictionary `into`. Wants root and into. */}}
{{- define "lienthong.components" -}}
{{- include "lienthong.insistOnValues" .root -}}
{{- include "lienthong.insistOnLabels" .root -}}
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
{{- range $path := include "lienthong.needed" . | trim | splitList "\n" -}}
{{- $keys := splitList "." $path -}}
{{- $held := $.Values -}}
{{- range initial $keys -}}{{- $held = index $held . -}}{{- end -}}
{{- if kindIs "invalid" (index $held (last $keys)) -}}
{{- $remedy := ternary "take the line away, or say {enabled: false}" "or take the line away" (hasPrefix "components." $path) -}}
{{- fail (printf "%s: has no value; give it one, %s" $path $remedy) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses labels that would take the place of the chart's own, by some of which pods are found. */}}
{{- define "lienthong.insistOnLabels" -}}
{{- $given := dict "global.labels" .Values.global.labels "defaults.podLabels" .Values.defaults.podLabels "monitoring.labels" .Values.monitoring.labels "monitoring.dashboards.labels" .Values.monitoring.dashboards.labels -}}
{{- range $name, $block := .Values.components -}}
{{- $_ := set $given (printf "components.%s.podLabels" $name) $block.podLabels -}}
{{- end -}}
{{- range $path, $labels := $given -}}
{{- range $label := keys ($labels | default dict) | sortAlpha -}}
{{- if or (eq $label "helm.sh/chart") (has (trimPrefix "app.kubernetes.io/" $label) (list "name" "instance" "component" "part-of" "version" "managed-by")) -}}
{{- fail (printf "%s: %s is the chart's own label; take another one" $path $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether something scales a component; one that is stopped stays so. Wants name and block. */}}
{{- define "lienthong.scaled" -}}
{{- if and .block.autoscaling.enabled (ne .name "all") (gt (int .block.replicas) 0) -}}true{{- end -}}
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
