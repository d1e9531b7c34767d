"""Pages: routes, templates, languages; what the browser is told and what it may do."""
