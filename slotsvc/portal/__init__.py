"""The portal: clients book and follow, companies set up, planners look at the day.

A client of the engine: it calls the service over gRPC, keeps its own tables, and imports nothing of
slotsvc but the contract (``slotsvc.pb``). Inside, imports point downwards:
``web`` → ``access | booking | company | day | messages`` → ``tables | service``.
"""
