"""What replicas share through Redis 7 or Valkey: a help, never the truth.

``link.RedisLink`` is the way there, with a budget of time a call; ``lines.RedisLines`` keeps travel
times for ``slotsvc.travel.shared``; ``hints.CommitHints`` tells the others of a commit;
``counts.RedisCounts`` counts what clients do at all of them. Without Redis, or with one that hangs,
forgets or lies, everything is right and only slower.
"""
