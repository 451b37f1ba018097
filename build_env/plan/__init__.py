"""The plan as a pure function: select units, give them edges, freeze them into tasks with keys."""
