"""A crowd before several nodes: every user claims at two of them at once."""

from support.storm import Storm, claim_until_final


def spread(claims, count, rng):
    """-> for each of `count` nodes the claims it is sent; each claim is sent to two of them, at
    about the same time as long as the nodes keep pace with each other"""
    lists = [[] for _ in range(count)]
    order = list(claims)
    rng.shuffle(order)
    for claim in order:
        for node in rng.sample(range(count), 2):
            lists[node].append(claim)
    return lists


class Crowd:
    """Starts at once; end() returns what everybody saw, after whoever has no final answer yet has
    asked `last` until he has it."""

    def __init__(self, nodes, claims, rng, connections=60):
        self._claims = claims
        self._connections = connections
        self.storms = [Storm(node.address, node.issue_key, sent, connections).start()
                       for node, sent in zip(nodes, spread(claims, len(nodes), rng))]

    @property
    def answered(self):
        return sum(storm.answered for storm in self.storms)

    def is_over(self):
        return all(storm.is_over() for storm in self.storms)

    def end(self, last):
        attempts = [attempt for storm in self.storms for attempt in storm.join()]
        return attempts + claim_until_final(last.address, last.issue_key, self._claims,
                                            self._connections)


def misses(apis, campaign, count):
    """Claims, and reads the coupon at once, at the node that gave it and at another."""
    missed = 0
    for number in range(count):
        user = f"{campaign}-{number}"
        giver = apis[number % len(apis)]
        reader = apis[(number + number % 2) % len(apis)]
        coupon = giver.claim(campaign, user).json()
        missed += [c["code"] for c in reader.user_coupons(user).json()["data"]] != [coupon["code"]]
        missed += [c["code"] for c in reader.claim_status(campaign, user).json()["coupons"]] != \
            [coupon["code"]]
    return missed
