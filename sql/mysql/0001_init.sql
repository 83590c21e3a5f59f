-- The ledger of many nodes, for MariaDB 10.11 and MySQL 8. Texts that users chose are VARBINARY:
-- their bytes are compared as they are, while a text collation takes 'a' and 'a ' for equal.

CREATE TABLE meta (
  name  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value VARBINARY(255) NOT NULL,
  PRIMARY KEY (name)
) ENGINE = InnoDB;

CREATE TABLE campaigns (
  number        INT UNSIGNED NOT NULL,       -- 1, 2, 3, …
  id            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name          BLOB NOT NULL,
  stock         INT UNSIGNED NOT NULL,
  per_user      INT UNSIGNED NOT NULL,
  opens_at      BIGINT,                      -- Unix ms
  closes_at     BIGINT,                      -- Unix ms
  coupon_ttl_s  BIGINT,
  mode          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pace_batch    INT UNSIGNED NOT NULL,
  pace_tick_ms  BIGINT NOT NULL,
  metadata      MEDIUMBLOB NOT NULL,         -- a JSON object
  paused        TINYINT NOT NULL,
  change_seq    BIGINT UNSIGNED NOT NULL,    -- the newest change of all campaigns has the highest
  PRIMARY KEY (number),
  UNIQUE KEY (id),
  UNIQUE KEY (change_seq)
) ENGINE = InnoDB;

-- What moves while a campaign issues, apart from its settings because every batch rewrites the row.
-- Its lock is the one point that orders the batches of a campaign.
CREATE TABLE issuing (
  campaign   INT UNSIGNED NOT NULL,
  epoch      BIGINT UNSIGNED NOT NULL,
  holder     BIGINT UNSIGNED NOT NULL,       -- the node that holds the lease, 0: nobody
  issued     INT UNSIGNED NOT NULL,          -- also the newest rank
  tickets    BIGINT UNSIGNED NOT NULL,       -- given so far, where the lock gives them
  line_front BIGINT UNSIGNED NOT NULL,       -- parked claims up to this ticket have their verdict
  line_back  BIGINT UNSIGNED NOT NULL,       -- the newest parked claim's ticket
  change_seq BIGINT UNSIGNED NOT NULL,       -- of the settings that a batch must know
  touched_at BIGINT NOT NULL,                -- Unix ms by the database's clock
  PRIMARY KEY (campaign),
  KEY (touched_at)
) ENGINE = InnoDB;

CREATE TABLE coupons (
  campaign   INT UNSIGNED NOT NULL,
  `rank`     INT UNSIGNED NOT NULL,          -- 1, 2, 3, … within the campaign
  user       VARBINARY(64) NOT NULL,
  nth        INT UNSIGNED NOT NULL,          -- 1, 2, 3, … within the user's coupons of the campaign
  code       BINARY(10) NOT NULL,
  issued_at  BIGINT NOT NULL,                -- Unix ms
  expires_at BIGINT,                         -- Unix ms
  claim_key  VARBINARY(64),                  -- the claim's Idempotency-Key
  epoch      BIGINT UNSIGNED NOT NULL,
  ticket     BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (campaign, `rank`),
  UNIQUE KEY (user, campaign, nth)
) ENGINE = InnoDB;

-- Paced claims that were answered 202. `outcome` is NULL while they wait; an issued one is deleted
-- in the transaction that inserts its coupon, a loser keeps its verdict.
CREATE TABLE parked_claims (
  campaign   INT UNSIGNED NOT NULL,
  epoch      BIGINT UNSIGNED NOT NULL,
  ticket     BIGINT UNSIGNED NOT NULL,
  user       VARBINARY(64) NOT NULL,
  claim_key  VARBINARY(64),
  arrived_at BIGINT NOT NULL,                -- Unix ms
  outcome    VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin,
  PRIMARY KEY (campaign, ticket)
) ENGINE = InnoDB;

-- The servers that run on this ledger. One that has not said for a while that it is there has lost
-- its leases.
CREATE TABLE nodes (
  node        BIGINT UNSIGNED NOT NULL,
  seen_at     BIGINT NOT NULL,               -- Unix ms by the database's clock
  seen_change BIGINT UNSIGNED NOT NULL,      -- it acts on all changes of campaigns up to this one
  PRIMARY KEY (node)
) ENGINE = InnoDB;

-- Each server's newest transaction, written by itself: how it finds out what became of a COMMIT
-- whose answer it has not heard.
CREATE TABLE commits (
  node   BIGINT UNSIGNED NOT NULL,
  number BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (node)
) ENGINE = InnoDB;

-- The number of the newest change of a campaign. Its lock makes changes one after the other.
REPLACE INTO meta (name, value) VALUES ('changes', '0');
