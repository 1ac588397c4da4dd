{{/*
Puts the configuration of a component under `settings` of its context: what the chart knows, then `config`, then its own;
the last two alone under `given`.
Wants root, name and block.
*/}}
{{- define "lienthong.settings" -}}
{{- $given := mergeOverwrite (deepCopy .root.Values.config) (deepCopy .block.config) -}}
{{- $known := ternary (include "lienthong.knownOfAll" .) (include "lienthong.known" (merge (dict "given" $given) .)) (eq .name "all") -}}
{{- $settings := mergeOverwrite (fromYaml $known) $given -}}
{{- $_ := set . "given" $given -}}
{{- $_ := set . "settings" $settings -}}
{{- include "lienthong.insistOnEngines" . -}}
{{- include "lienthong.insistOnPlaces" . -}}
{{- end -}}

{{/* Refuses what the ports and volumes of the pods do not fit. */}}
{{- define "lienthong.insistOnPlaces" -}}
{{- range $setting, $port := dict "listen" ":7443" "metrics" ":9443" -}}
{{- if not (hasSuffix $port (get $.settings.server $setting)) -}}
{{- fail (printf "config.server.%s: the chart's services and probes reach port %s; only the address may be another" $setting (trimPrefix ":" $port)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq .name "all") (gt (int .block.replicas) 1) -}}
{{- fail "components.all.replicas: 1 or 0; one process at a time has the folder with all engines" -}}
{{- end -}}
{{- if and .block.persistence.enabled (ne .name "all") -}}
{{- fail (printf "persistence of %s: only the component `all` keeps anything in its folder; say {enabled: false}" .name) -}}
{{- end -}}
{{- range $list, $containers := dict "sidecars" .block.sidecars "initContainers" .block.initContainers -}}
{{- range $containers -}}
{{- if eq .name "lienthong" -}}
{{- fail (printf "%s of %s: lienthong is the program's own container; give yours another name" $list $.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $scaling := .block.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.maxReplicas of %s: %d pods at most are fewer than minReplicas, %d; raise it" .name (int $scaling.maxReplicas) (int $scaling.minReplicas)) -}}
{{- end -}}
{{- if and $scaling.enabled (eq $scaling.signal "lag") (not $scaling.lag.metrics) -}}
{{- fail (printf "autoscaling.lag.metrics of %s: names no metric; give one, such as lienthong_lag_seconds" .name) -}}
{{- end -}}
{{- range $volume := .block.extraVolumes -}}
{{- if or (has $volume.name (list "config" "data" "tmp")) (hasPrefix "secret-" $volume.name) (hasPrefix "trust-" $volume.name) -}}
{{- fail (printf "extraVolumes of %s: %s is a volume of the chart; give yours another name" $.name $volume.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses what would only be refused when the pod starts. */}}
{{- define "lienthong.insistOnEngines" -}}
{{- $engines := .settings.engines | default dict -}}
{{- range $setting, $found := dict "kafka.servers" (dig "kafka" "servers" "" $engines) "objects.url" (dig "objects" "url" "" $engines) "postgres.servers" (dig "postgres" "servers" "" $engines) -}}
{{- if and $found (eq $.name "all") -}}
{{- fail (printf "config.engines.%s: the component `all` keeps its state in its own folder; take the name away, or enable the other components" $setting) -}}
{{- else if not (or $found (eq $.name "all")) -}}
{{- fail (printf "config.engines.%s: %s is a process of its own and shares its engines with the others; name them, or enable components.all alone (see values-small.yaml)" $setting $.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "lienthong.server" -}}
data_dir: /data
server:
  listen: 0.0.0.0:7443
  metrics: 0.0.0.0:9443
  drain_seconds: {{ .block.drainSeconds }}
{{- with .root.Values.secrets.passphrase }}
{{- if .name }}
keys:
  passphrase_file: /etc/lienthong/secrets/passphrase/passphrase
{{- end }}
{{- end }}
{{- with .root.Values.trust }}
{{- if or .anchors .intermediates .crls }}
signing:
  trust_dir: /etc/lienthong/trust
{{- end }}
{{- end }}
{{- end -}}

{{/* The process that is every service makes its keys itself, for the names of its service. */}}
{{- define "lienthong.knownOfAll" -}}
{{- $service := printf "%s-all" (include "lienthong.fullname" .root) -}}
{{- $known := include "lienthong.server" . | fromYaml -}}
{{- $hosts := list $service (printf "%s.%s" $service .root.Release.Namespace) (printf "%s.%s.svc" $service .root.Release.Namespace) -}}
{{- $_ := set $known.server "hosts" (concat $hosts (.block.hostnames | default list) (list "localhost" "127.0.0.1")) -}}
{{- toYaml $known -}}
{{- end -}}

{{- define "lienthong.known" -}}
{{- $secrets := .root.Values.secrets -}}
{{- $kafka := dict "ca_file" "/etc/lienthong/secrets/kafka/ca.crt" -}}
{{- if eq (dig "engines" "kafka" "security" "tls" .given) "scram" -}}
{{- $kafka = merge $kafka (dict "username" .name "password_file" "/etc/lienthong/secrets/kafka/password") -}}
{{- else -}}
{{- $kafka = merge $kafka (dict "certificate_file" "/etc/lienthong/secrets/kafka/user.crt" "key_file" "/etc/lienthong/secrets/kafka/user.key") -}}
{{- end -}}
{{- $postgres := dict "password_file" "/etc/lienthong/secrets/postgres/{service}" -}}
{{- if $secrets.postgres.ca }}{{ $_ := set $postgres "ca_file" "/etc/lienthong/secrets/postgres/ca.crt" }}{{ end -}}
{{- $objects := dict -}}
{{- if has .name (list "intake" "routing" "signing") -}}
{{- if $secrets.objects.name -}}
{{- $objects = dict "access_key_id_file" "/etc/lienthong/secrets/objects/access-key-id" "secret_access_key_file" "/etc/lienthong/secrets/objects/secret-access-key" -}}
{{- end -}}
{{- if $secrets.objects.ca }}{{ $_ := set $objects "ca_file" "/etc/lienthong/secrets/objects/ca.crt" }}{{ end -}}
{{- end -}}
{{- $known := include "lienthong.server" . | fromYaml -}}
{{- $keys := merge (dict "dir" "/etc/lienthong/secrets/keys" "managed" false) ($known.keys | default dict) -}}
{{- toYaml (mergeOverwrite $known (dict "keys" $keys "engines" (dict "kafka" $kafka "postgres" $postgres "objects" $objects))) -}}
{{- end -}}
