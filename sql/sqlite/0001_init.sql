-- The embedded ledger. `coupons` is an append-only log in commit order: every commit appends to the
-- end of one B-tree, however many campaigns are hot, so that a batch dirties few pages. What would
-- need further B-trees (who has what, which row holds a rank) is an index in memory, rebuilt and
-- checked at start.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE campaigns (
  number        INTEGER PRIMARY KEY,
  id            TEXT    NOT NULL UNIQUE,
  name          TEXT    NOT NULL,
  stock         INTEGER NOT NULL CHECK (stock BETWEEN 0 AND 1000000000),
  per_user      INTEGER NOT NULL CHECK (per_user >= 1),
  opens_at      INTEGER,            -- Unix ms
  closes_at     INTEGER,            -- Unix ms
  coupon_ttl_s  INTEGER,
  mode          TEXT    NOT NULL CHECK (mode IN ('instant', 'paced')),
  pace_batch    INTEGER NOT NULL,
  pace_tick_ms  INTEGER NOT NULL,
  metadata      TEXT    NOT NULL,   -- a JSON object
  paused        INTEGER NOT NULL CHECK (paused IN (0, 1))
);

CREATE TABLE coupons (
  seq        INTEGER PRIMARY KEY,   -- 1, 2, 3, … over all campaigns, in commit order
  campaign   INTEGER NOT NULL,
  rank       INTEGER NOT NULL,      -- 1, 2, 3, … within the campaign
  user       TEXT    NOT NULL,
  nth        INTEGER NOT NULL,      -- 1, 2, 3, … within the user's coupons of the campaign
  code       BLOB    NOT NULL,      -- 10 bytes
  issued_at  INTEGER NOT NULL,      -- Unix ms
  expires_at INTEGER,               -- Unix ms
  key        TEXT,                  -- the claim's Idempotency-Key
  epoch      INTEGER NOT NULL,
  ticket     INTEGER NOT NULL
);

-- Paced claims that were answered 202. `outcome` is NULL while they wait; an issued one is deleted
-- in the transaction that inserts its coupon, a loser keeps its verdict.
CREATE TABLE parked_claims (
  campaign   INTEGER NOT NULL,
  epoch      INTEGER NOT NULL,
  ticket     INTEGER NOT NULL,
  user       TEXT    NOT NULL,
  key        TEXT,
  arrived_at INTEGER NOT NULL,      -- Unix ms
  outcome    TEXT,
  PRIMARY KEY (campaign, ticket)
) WITHOUT ROWID;
