"""What is watched of a running platform: objectives as rules of Prometheus, and dashboards of Grafana."""
