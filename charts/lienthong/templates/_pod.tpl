{{/* What every pod of this chart has: nothing that it need not. Wants root. */}}
{{- define "lienthong.hardened" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- with include "lienthong.pullSecrets" .root | trim }}
{{ . }}
{{- end }}
{{- end -}}

{{/* Image and security of a container. Wants root. */}}
{{- define "lienthong.program" -}}
image: {{ include "lienthong.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml .root.Values.securityContext | nindent 2 }}
{{- end -}}

{{/* The pods of a component. Wants root, name, block and settings. */}}
{{- define "lienthong.pod" -}}
{{- $block := .block -}}
serviceAccountName: {{ include "lienthong.serviceAccount" . | quote }}
{{ include "lienthong.hardened" . }}
terminationGracePeriodSeconds: {{ add $block.preStopSeconds (dig "server" "drain_seconds" $block.drainSeconds .settings) $block.endSeconds }}
{{- with $block.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $block.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $block.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $block.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $block.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels:
        {{- include "lienthong.selector" $ | nindent 8 }}
    # Pods of the template before this one do not count: while it is replaced the new ones spread among themselves.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- with $block.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: lienthong
    {{- include "lienthong.program" . | nindent 4 }}
    args: [run, --target, {{ .name }}, --config, /etc/lienthong/config.yaml]
    ports:
      - {name: grpc, containerPort: 7443}
      - {name: metrics, containerPort: 9443}
    {{- with $block.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $block.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    startupProbe:
      {{- toYaml $block.startupProbe | nindent 6 }}
    readinessProbe:
      {{- toYaml $block.readinessProbe | nindent 6 }}
    livenessProbe:
      {{- toYaml $block.livenessProbe | nindent 6 }}
    {{- if $block.preStopSeconds }}
    lifecycle:
      preStop:
        sleep: {seconds: {{ $block.preStopSeconds }}}
    {{- end }}
    resources:
      {{- toYaml $block.resources | nindent 6 }}
    volumeMounts:
      {{- include "lienthong.mounts" . | nindent 6 }}
  {{- with $block.sidecars }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  {{- include "lienthong.volumes" . | nindent 2 }}
{{- end -}}

{{- define "lienthong.mounts" -}}
- {name: config, mountPath: /etc/lienthong/config.yaml, subPath: config.yaml, readOnly: true}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- range include "lienthong.secretVolumes" . | fromYamlArray }}
- {name: {{ .name }}, mountPath: /etc/lienthong/secrets/{{ .name | trimPrefix "secret-" }}, readOnly: true}
{{- end }}
{{- range $folder, $map := include "lienthong.trusted" . | fromYaml }}
- {name: trust-{{ $folder }}, mountPath: /etc/lienthong/trust/{{ $folder }}, readOnly: true}
{{- end }}
{{- with .block.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lienthong.volumes" -}}
- name: config
  configMap: {name: {{ include "lienthong.fullname" .root }}-{{ .name }}}
- name: data
  {{- if .block.persistence.enabled }}
  persistentVolumeClaim: {claimName: {{ .block.persistence.existingClaim | default (printf "%s-%s" (include "lienthong.fullname" .root) .name) | quote }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ .block.scratch.data }}}
  {{- end }}
- name: tmp
  emptyDir: {sizeLimit: {{ .block.scratch.tmp }}}
{{- with include "lienthong.secretVolumes" . | trim }}
{{ . }}
{{- end }}
{{- range $folder, $map := include "lienthong.trusted" . | fromYaml }}
- name: trust-{{ $folder }}
  configMap: {name: {{ $map | quote }}}
{{- end }}
{{- with .block.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Folders of the trust folder with their ConfigMaps, for those who verify signatures. */}}
{{- define "lienthong.trusted" -}}
{{- if has .name (list "signing" "all") }}
{{- range $folder, $map := .root.Values.trust }}
{{- if $map }}
{{ $folder }}: {{ $map | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
