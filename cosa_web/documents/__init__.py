"""The documents of docs/ as pages: their order (contents), their HTML (reading), what is found in them (finding)."""
