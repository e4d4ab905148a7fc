"""The OpenAI-compatible endpoint of approved configs: an ASGI process of its own (design: *Serving*)."""
