"""Pages for the browser out of plain results: pictures by matplotlib, text by jinja2."""
