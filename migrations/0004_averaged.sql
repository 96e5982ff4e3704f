-- 0004: averaged weights, a fifth kind of snapshot, by the same way as 0002.

CREATE TABLE new_snapshot (
	key INTEGER PRIMARY KEY,
	job INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
	kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2, 3, 4)), -- 0 state, 1 last weights, 2 best weights, 3 weights to start from, 4 averaged weights
	step INTEGER NOT NULL,
	last_point INTEGER NOT NULL DEFAULT -1, -- state: the last point stored with it; later ones will be made again
	build TEXT,                     -- state: the build that made it; another one must not go on from it
	length INTEGER NOT NULL,
	digest BLOB NOT NULL,           -- BLAKE2b-256 of the bytes
	file TEXT,                      -- relative path when large, else NULL and the bytes lie in snapshot_piece
	UNIQUE (job, kind)
) STRICT;
CREATE TABLE new_snapshot_piece (
	key INTEGER PRIMARY KEY,
	snapshot INTEGER NOT NULL REFERENCES new_snapshot (key) ON DELETE CASCADE,
	piece INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	UNIQUE (snapshot, piece)
) STRICT;
INSERT INTO new_snapshot SELECT key, job, kind, step, last_point, build, length, digest, file FROM snapshot;
INSERT INTO new_snapshot_piece SELECT key, snapshot, piece, bytes FROM snapshot_piece;
DROP TABLE snapshot_piece;
DROP TABLE snapshot;
ALTER TABLE new_snapshot RENAME TO snapshot;
ALTER TABLE new_snapshot_piece RENAME TO snapshot_piece;
