"""A made-up installation of any size: what `manage.py seed_scale` writes, so that pages can be measured at size."""
