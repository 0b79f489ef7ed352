"""Where it is seen: dashboards as definitions, rendered to Grafana's JSON and to pages that open offline."""
