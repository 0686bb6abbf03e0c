"""The domain: one module per noun, each with its SQL.

Plain Python over the database: no request, no queue, no response. HTTP, jobs, the command line and
the desktop call the same functions with a `Context`, so rules and rights exist once.
"""
