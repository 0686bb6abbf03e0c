"""Background work: Huey runs the jobs that the ledger records.

`dispatch` carries job ids from the ledger to Huey's queues and reconciles the two; `tasks` says
what each kind of job does; `scan` walks the user areas of repositories.
"""
