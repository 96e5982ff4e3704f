-- 0003: the word that names a dataset's file is not always the sha256 of the uploaded bytes: the same bytes read in two
-- ways (another delimiter, say) are two tables. The true sha256 lies in info; this column only names content.

ALTER TABLE dataset RENAME COLUMN sha256 TO content_name;
