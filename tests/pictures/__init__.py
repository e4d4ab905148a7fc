"""`make pictures`: every tutorial is walked through in a demo of its own, and its pictures are taken on the way.

A module here is a tutorial in `docs/`: its functions are the numbered steps, in order and under the same titles, and
what they click is what the tutorial says. A step that cannot be done, or that names what no page shows, ends it all.
"""
