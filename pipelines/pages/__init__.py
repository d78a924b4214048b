"""Pages in HTML for people: rows of the views to sections, sections to one file. Pure, but for reading templates.

A page has no script and loads nothing: charts are drawn by Vega while it is made, and stand in it as SVG.
"""
