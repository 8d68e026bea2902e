"""What the API's routes take and answer, for its OpenAPI document: one row a route, in the file of its topic.

`row.py` says what a row holds, `document.py` makes the document of all of them. How to add one: docs/api.md.
"""
