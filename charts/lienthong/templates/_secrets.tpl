{{/*
What is mounted of which secret. Everything lies below /etc/lienthong/secrets, a folder for each secret, and each pod gets
what its service works with, as `lienthong.custody` says.
*/}}
{{- define "lienthong.keyFiles" -}}
{{- $seals := dict "intake" (list "intake-seal.key" "intake-seal.crt") "workflow" (list "workflow-seal.key" "workflow-seal.crt") -}}
{{- $others := dict "signing" (list "axis-root.key") "routing" (list "operator.json") -}}
{{- concat (list "axis-root.crt") (get $seals .name | default list) (get $others .name | default list) | join "," -}}
{{- end -}}

{{/* One source of a projected volume: keys of a secret under names of files. Wants secret and files (file to key). */}}
{{- define "lienthong.source" -}}
- secret:
    name: {{ .secret | quote }}
    items:
      {{- range $file, $key := .files }}
      - {key: {{ $key | quote }}, path: {{ $file | quote }}}
      {{- end }}
{{- end -}}

{{- define "lienthong.keySources" -}}
{{- $keys := .root.Values.secrets.keys -}}
{{- $files := dict -}}
{{- range splitList "," (include "lienthong.keyFiles" .) }}{{ $_ := set $files . . }}{{ end -}}
{{- if $keys.server -}}
{{ include "lienthong.source" (dict "secret" $keys.server "files" (dict "server.key" "tls.key" "server.crt" "tls.crt")) }}
{{ else -}}
{{- range list "server.key" "server.crt" }}{{ $_ := set $files . . }}{{ end -}}
{{- end -}}
{{ include "lienthong.source" (dict "secret" (include "lienthong.named" (dict "name" .name "text" $keys.name)) "files" $files) }}
{{- end -}}

{{- define "lienthong.kafkaSources" -}}
{{- $kafka := .root.Values.secrets.kafka -}}
{{- $files := dict "user.crt" $kafka.certificate "user.key" $kafka.key -}}
{{- if eq (dig "engines" "kafka" "security" "tls" .settings) "scram" }}{{ $files = dict "password" $kafka.password }}{{ end -}}
{{ include "lienthong.source" (dict "secret" (include "lienthong.named" (dict "name" .name "text" $kafka.name)) "files" $files) }}
{{ include "lienthong.source" (dict "secret" $kafka.ca "files" (dict "ca.crt" $kafka.caKey)) }}
{{- end -}}

{{- define "lienthong.postgresSources" -}}
{{- $postgres := .root.Values.secrets.postgres -}}
{{- $key := include "lienthong.named" (dict "name" .name "text" $postgres.key) -}}
{{ include "lienthong.source" (dict "secret" (include "lienthong.named" (dict "name" .name "text" $postgres.name)) "files" (dict .name $key)) }}
{{- with $postgres.ca }}
{{ include "lienthong.source" (dict "secret" . "files" (dict "ca.crt" $postgres.caKey)) }}
{{- end }}
{{- end -}}

{{/* Nothing where the service keeps no contents, or the cloud knows it by its account. */}}
{{- define "lienthong.objectSources" -}}
{{- $objects := .root.Values.secrets.objects -}}
{{- if has .name (list "intake" "routing" "signing") }}
{{- with $objects.name }}
{{ include "lienthong.source" (dict "secret" . "files" (dict "access-key-id" $objects.accessKeyId "secret-access-key" $objects.secretAccessKey)) }}
{{- end }}
{{- with $objects.ca }}
{{ include "lienthong.source" (dict "secret" . "files" (dict "ca.crt" $objects.caKey)) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Volumes of all secrets that a component has. Wants root, name, block and settings. */}}
{{- define "lienthong.secretVolumes" -}}
{{- $sources := dict -}}
{{- if ne .name "all" -}}
{{- $_ := set $sources "keys" (include "lienthong.keySources" .) -}}
{{- $_ := set $sources "kafka" (include "lienthong.kafkaSources" .) -}}
{{- $_ := set $sources "postgres" (include "lienthong.postgresSources" .) -}}
{{- $_ := set $sources "objects" (include "lienthong.objectSources" . | trim) -}}
{{- end -}}
{{- with .root.Values.secrets.passphrase }}
{{- if .name }}{{ $_ := set $sources "passphrase" (include "lienthong.source" (dict "secret" .name "files" (dict "passphrase" .key))) }}{{ end -}}
{{- end -}}
{{- range $name, $text := $sources }}
{{- if $text }}
- name: secret-{{ $name }}
  projected:
    defaultMode: 0440
    sources:
      {{- $text | nindent 6 }}
{{- end }}
{{- end }}
{{- end -}}
