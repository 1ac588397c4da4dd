//go:build tools

// Package tools pins the Helm that renders and tests the charts: `python -m tools.kubernetes helm` builds it.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
