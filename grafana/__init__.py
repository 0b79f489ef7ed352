"""Where it is seen: for now only the data source that compose gives Grafana; dashboards come later."""
