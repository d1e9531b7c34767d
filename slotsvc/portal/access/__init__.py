"""Who somebody is, and how it was proven: codes, links, passwords, sessions, staff."""
