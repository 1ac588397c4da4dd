//go:build tools

// Package tools pins the Prometheus that tests rules and dashboards: `python -m tools.kubernetes prometheus` builds it.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
