{{/* Written by `make reference` from values.yaml: what must have a value. */}}
{{- define "topics.needed" -}}
mode
topicPrefix
groupPrefix
replicationFactor
minInsyncReplicas
largestRecordBytes
strimzi
strimzi.cluster
strimzi.authentication
job
job.image
job.secret
job.certificate
job.key
job.ca
job.caKey
job.backoffLimit
job.deadlineSeconds
{{- end -}}
