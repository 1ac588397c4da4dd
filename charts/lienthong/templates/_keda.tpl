{{/* A component that KEDA scales by the events that wait for it. Wants root, name, block and settings. */}}
{{- define "lienthong.scaledObject" -}}
{{- $scaling := .block.autoscaling -}}
{{- $kafka := .settings.engines.kafka -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "lienthong.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ include "lienthong.fullname" .root }}-{{ .name }}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: {{ $scaling.lag.pollSeconds }}
  {{- with $scaling.behavior }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml . | nindent 8 }}
  {{- end }}
  triggers:
    {{- if eq $scaling.lag.source "keda-prometheus" }}
    {{- range $scaling.lag.metrics }}
    - type: prometheus
      # One age for the whole group, however many pods there are: not an average of them.
      metricType: Value
      metadata:
        serverAddress: {{ $scaling.lag.prometheus | quote }}
        query: max({{ . }}{namespace={{ $.root.Release.Namespace | quote }},pod=~"{{ include "lienthong.fullname" $.root }}-{{ $.name }}-[a-z0-9]+-[a-z0-9]+"})
        threshold: {{ $scaling.lag.seconds | quote }}
        # Without an answer the number of pods stays: it must not be taken for no lag.
        ignoreNullValues: "false"
    {{- end }}
    {{- else }}
    - type: kafka
      metadata:
        bootstrapServers: {{ join "," $kafka.servers | quote }}
        consumerGroup: {{ printf "%s%s" ($kafka.group_prefix | default "") .name | quote }}
        lagThreshold: {{ $scaling.lag.records | quote }}
        tls: enable
        {{- if eq ($kafka.security | default "tls") "scram" }}
        sasl: scram_sha512
        {{- end }}
        # A service without offsets yet begins at the start of its topics.
        offsetResetPolicy: earliest
      authenticationRef:
        name: {{ include "lienthong.fullname" .root }}-{{ .name }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "lienthong.metadata" . | nindent 2 }}
spec:
  {{- $secrets := .root.Values.secrets.kafka }}
  {{- $secret := include "lienthong.named" (dict "name" .name "text" $secrets.name) }}
  secretTargetRef:
    - {parameter: ca, name: {{ $secrets.ca | quote }}, key: {{ $secrets.caKey | quote }}}
    {{- if eq ($kafka.security | default "tls") "scram" }}
    - {parameter: username, name: {{ $secret | quote }}, key: {{ $secrets.username | quote }}}
    - {parameter: password, name: {{ $secret | quote }}, key: {{ $secrets.password | quote }}}
    {{- else }}
    - {parameter: cert, name: {{ $secret | quote }}, key: {{ $secrets.certificate | quote }}}
    - {parameter: key, name: {{ $secret | quote }}, key: {{ $secrets.key | quote }}}
    {{- end }}
    {{- end }}
{{- end -}}
