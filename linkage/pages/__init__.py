"""Pages: self-contained HTML with inline SVG. No network, no script, no font; see `render` for what each page shows."""
