-- 0001: datasets, jobs, their curves, checkpoints and weights.
-- Applied in one transaction together with user_version; never edited once released: a change is a new file.
-- Times are milliseconds since 1970. Status numbers are those of server/store/job_state.h.

CREATE TABLE dataset (
	key INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,        -- sorts bytewise by creation: lists page by it
	sha256 TEXT NOT NULL,           -- of the decoded upload; names the file when content is NULL; many records may share one
	is_inline INTEGER NOT NULL CHECK (is_inline IN (0, 1)), -- came inside a job and goes with the last job that uses it
	created_at INTEGER NOT NULL,
	info TEXT NOT NULL,             -- api's dataset_info_save
	content BLOB                    -- the encoded table when small; NULL: datasets/<sha256>.table. Last: lists never touch it
) STRICT;
CREATE INDEX dataset_by_kind ON dataset (is_inline, id);
CREATE INDEX dataset_by_content ON dataset (sha256);

CREATE TABLE job (
	key INTEGER PRIMARY KEY,        -- what the other tables point to: an integer keeps their indexes small
	id TEXT NOT NULL UNIQUE,        -- sorts bytewise by creation: the order of the queue and of lists
	status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
	cancel_pending INTEGER NOT NULL DEFAULT 0, -- a running job was asked to stop: survives a crash, or the cancel would be lost
	attempt INTEGER NOT NULL DEFAULT 0, -- starts; with the id it names the owner of a running job
	crashes INTEGER NOT NULL DEFAULT 0, -- times the process died under it; apart from attempt, so that a clean shutdown is free
	step INTEGER NOT NULL DEFAULT 0,    -- of the last report
	points_total INTEGER NOT NULL DEFAULT 0, -- kept here, so that a poll of the curve need not count
	last_point INTEGER NOT NULL DEFAULT -1,  -- step of the last stored point: a later one must be greater
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	started_at INTEGER NOT NULL DEFAULT 0,  -- of the first attempt
	finished_at INTEGER NOT NULL DEFAULT 0,
	stop_reason TEXT,
	name TEXT,
	model TEXT NOT NULL,            -- words of the spec that lists filter by
	optimizer TEXT NOT NULL,
	dataset_id TEXT,                -- no foreign key: an ended job keeps the word when the dataset has gone
	validation_id TEXT,
	memory_bytes INTEGER NOT NULL DEFAULT 0, -- what it takes while it runs: it is claimed only when that much is free
	error TEXT,                     -- JSON
	report TEXT                     -- changes ten times a second: the big texts that do not lie in job_text
) STRICT;
CREATE INDEX job_by_status ON job (status, id);
CREATE INDEX job_by_name ON job (name, id) WHERE name IS NOT NULL;
CREATE INDEX job_by_dataset ON job (dataset_id, id) WHERE dataset_id IS NOT NULL;
CREATE INDEX job_by_validation ON job (validation_id, id) WHERE validation_id IS NOT NULL;
CREATE INDEX job_by_model ON job (model, id);
CREATE INDEX job_by_optimizer ON job (optimizer, id);

-- Apart from job: a new report must not rewrite a spec of a megabyte.
CREATE TABLE job_text (
	job INTEGER PRIMARY KEY REFERENCES job (key) ON DELETE CASCADE,
	spec TEXT NOT NULL,
	card TEXT                       -- api's model_card_save; set once
) STRICT;

-- How many jobs stand in each status: admission to the queue must not count ten thousand rows per POST.
CREATE TABLE job_count (
	status INTEGER PRIMARY KEY,
	jobs INTEGER NOT NULL CHECK (jobs >= 0)
) STRICT;
INSERT INTO job_count (status, jobs) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0);
CREATE TRIGGER job_count_insert AFTER INSERT ON job BEGIN
	UPDATE job_count SET jobs = jobs + 1 WHERE status = new.status;
END;
CREATE TRIGGER job_count_delete AFTER DELETE ON job BEGIN
	UPDATE job_count SET jobs = jobs - 1 WHERE status = old.status;
END;
CREATE TRIGGER job_count_update AFTER UPDATE OF status ON job WHEN old.status <> new.status BEGIN
	UPDATE job_count SET jobs = jobs - 1 WHERE status = old.status;
	UPDATE job_count SET jobs = jobs + 1 WHERE status = new.status;
END;

-- Points of a curve, many to a row.
CREATE TABLE curve_chunk (
	key INTEGER PRIMARY KEY,
	job INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
	first_step INTEGER NOT NULL,
	last_step INTEGER NOT NULL CHECK (last_step >= first_step),
	count INTEGER NOT NULL CHECK (count > 0),
	width INTEGER NOT NULL,         -- parameters a point; 0: none recorded
	points BLOB NOT NULL,           -- struct curve_point [count], as in memory (little-endian)
	parameters BLOB,                -- double [count, width]
	UNIQUE (job, last_step),
	CHECK (length(points) = count * 72)
) STRICT;

-- What a job leaves at a step: the state to go on from, the last weights, the best weights.
CREATE TABLE snapshot (
	key INTEGER PRIMARY KEY,
	job INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
	kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2)), -- 0 state, 1 last weights, 2 best weights
	step INTEGER NOT NULL,
	last_point INTEGER NOT NULL DEFAULT -1, -- state: the last point stored with it; later ones will be made again
	build TEXT,                     -- state: the build that made it; another one must not go on from it
	length INTEGER NOT NULL,
	digest BLOB NOT NULL,           -- BLAKE2b-256 of the bytes
	file TEXT,                      -- relative path when large, else NULL and the bytes lie in snapshot_piece
	UNIQUE (job, kind)
) STRICT;

-- Pieces of a few MB: one huge value would be held in memory whole, and SQLite ends at 1e9 bytes.
CREATE TABLE snapshot_piece (
	key INTEGER PRIMARY KEY,
	snapshot INTEGER NOT NULL REFERENCES snapshot (key) ON DELETE CASCADE,
	piece INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	UNIQUE (snapshot, piece)
) STRICT;
