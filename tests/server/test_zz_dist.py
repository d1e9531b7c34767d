import random
from datetime import timedelta
from tests.server.test_bookings_fuzz import *
del test_no_message_is_a_defect
del test_no_history_is_a_defect
async def test_dist(world) -> None:
  for seed in range(2):
    chance = random.Random(seed)
    for _ in range(800):
        now = world.service.clock.pass_(timedelta(minutes=chance.randint(0, 3)))
        method = chance.choice(METHODS)
        request = plausible(chance, method.input_type, world.words, now)
        code = await world.call(method, request)
        if code in DEFECTS: print(code, method.name, request)
  for k, v in sorted(world.told.items()): print(k, v)
