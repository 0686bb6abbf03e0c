"""HTTP: typed operations over the domain, one module per resource.

`typed` declares operations, `dispatch` turns them into routes, `openapi` into the document; both
read the same list, so that they cannot disagree.
"""
