-- 0002: a job that trains on from another one keeps a copy of where it starts: the other may change or go before the
-- first run. A fourth kind of snapshot; SQLite changes a CHECK only by making the table again, and the pieces with it.

CREATE TABLE snapshot_new (
	key INTEGER PRIMARY KEY,
	job INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
	kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2, 3)), -- 0 state, 1 last weights, 2 best weights, 3 weights to start from
	step INTEGER NOT NULL,
	last_point INTEGER NOT NULL DEFAULT -1, -- state: the last point stored with it; later ones will be made again
	build TEXT,                     -- state: the build that made it; another one must not go on from it
	length INTEGER NOT NULL,
	digest BLOB NOT NULL,           -- BLAKE2b-256 of the bytes
	file TEXT,                      -- relative path when large, else NULL and the bytes lie in snapshot_piece
	UNIQUE (job, kind)
) STRICT;
INSERT INTO snapshot_new (key, job, kind, step, last_point, build, length, digest, file)
	SELECT key, job, kind, step, last_point, build, length, digest, file FROM snapshot;

CREATE TABLE snapshot_piece_new (
	key INTEGER PRIMARY KEY,
	snapshot INTEGER NOT NULL REFERENCES snapshot_new (key) ON DELETE CASCADE,
	piece INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	UNIQUE (snapshot, piece)
) STRICT;
INSERT INTO snapshot_piece_new (key, snapshot, piece, bytes) SELECT key, snapshot, piece, bytes FROM snapshot_piece;

DROP TABLE snapshot_piece;
DROP TABLE snapshot;
ALTER TABLE snapshot_new RENAME TO snapshot;
ALTER TABLE snapshot_piece_new RENAME TO snapshot_piece;
