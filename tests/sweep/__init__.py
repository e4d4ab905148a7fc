"""Every page in one world of rows: pictures of it, axe over it, and a walk along its links as everybody."""
