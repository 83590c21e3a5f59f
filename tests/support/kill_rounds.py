"""Rounds of the same disaster: a crowd claims, the server is killed in the middle of it, comes
back, everybody asks again until told his end, and the promises are checked. Each round has two
campaigns of its own, an instant and a paced one, with two coupons a user and three wishes each, so
that every refusal occurs. A seed decides all but the threads: stock, order, and when to kill."""

import random
import time

from support.api import Api
from support.history import Claim, write_history
from support.promises import check_promises
from support.server import Server, run
from support.storm import Storm, claim_until_final, wait_until_settled
from support.wait import until

USERS, WISHES, PER_USER, CONNECTIONS = 30, 3, 2, 16


class KillRounds:
    def __init__(self, data, seed, env=None):
        self.server = Server(data, env=env)
        self.rng = random.Random(seed)
        self.attempts = []
        self.exports = {}  # campaign -> its coupons when its round ended
        self.kills = 0

    def close(self):
        self.server.kill()

    def run_round(self, number):
        if not self.server.is_alive():
            self.server.start()
        stocks = self._make_campaigns(number)
        claims = self._claims(stocks)
        attempts = []
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            attempts += self._storm_and_kill(claims)
            self._restart()
        attempts += claim_until_final(self.server.address, self.server.issue_key, claims,
                                      CONNECTIONS)
        users = [Claim(campaign, f"u{user}") for campaign in stocks for user in range(USERS)]
        wait_until_settled(self.server.address, self.server.issue_key, users)
        self._check_round(stocks, attempts)
        self.attempts += attempts

    def _make_campaigns(self, number):
        """-> {campaign: stock}"""
        enough = USERS * PER_USER
        stocks = {f"r{number}-instant": self.rng.randint(1, enough + 10),
                  f"r{number}-paced": self.rng.randint(1, enough + 10)}
        pace = {"batch": self.rng.randint(1, 9), "tick_ms": self.rng.randint(1, 5)}
        with Api(self.server.address, self.server.admin_key) as admin:
            for campaign, stock in stocks.items():
                mode = campaign.partition("-")[2]
                reply = admin.put_campaign(campaign, stock=stock, per_user=PER_USER, mode=mode,
                                           pace=pace)
                assert reply.status == 201, reply
        return stocks

    def _claims(self, campaigns):
        claims = [Claim(campaign, f"u{user}", f"k{wish}") for campaign in campaigns
                  for user in range(USERS) for wish in range(WISHES)]
        self.rng.shuffle(claims)
        return claims

    def _storm_and_kill(self, claims):
        storm = Storm(self.server.address, self.server.issue_key, claims, CONNECTIONS).start()
        answers = self.rng.randrange(len(claims))
        until(lambda: storm.answered >= answers or storm.is_over(), "the moment to kill",
              poll_s=0.0002)
        time.sleep(self.rng.random() * 0.002)  # waits for nothing: it varies the moment
        self._end_abruptly()
        return storm.join()

    def _end_abruptly(self):
        self.server.kill()
        self.kills += 1

    def _restart(self):
        """Now and then the server is killed while it starts, too."""
        while self.rng.random() < 0.25:
            self.server.spawn()
            time.sleep(self.rng.random() * 0.03)  # as above
            self._end_abruptly()
        self.server.start()

    def _export(self, campaign):
        with Api(self.server.address, self.server.admin_key) as admin:
            return admin.all_coupons(campaign)

    def _check_round(self, stocks, attempts):
        for campaign, stock in stocks.items():
            self.exports[campaign] = self._export(campaign)
            check_promises([a for a in attempts if a.campaign == campaign],
                           self.exports[campaign], stock, PER_USER, all_answered=True)

    def check_all(self, history_path):
        """After the last round: nothing that an earlier round ended with has changed, and the
        verifier finds every promise kept over the whole history."""
        for campaign, coupons in self.exports.items():
            assert self._export(campaign) == coupons, f"{campaign} changed after its round"
        codes = [c["code"] for coupons in self.exports.values() for c in coupons]
        assert len(set(codes)) == len(codes), "promise 6: a code twice"
        assert self.server.stop() == 0
        write_history(history_path, self.attempts)
        result = run("verify", "--ledger", self.server.ledger_url, "--history", history_path,
                     deadline_s=300)
        assert result.returncode == 0, result.stdout + result.stderr
