"""Approved configs as endpoints: deployments, the keys of their clients, and the traffic between them."""
