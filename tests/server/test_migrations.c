/* Migrations: from nothing, once, in a transaction each; files that are not ours or newer are refused untouched. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include "api/version.h"
#include "server/store/migrate.h"

static char folder[64], path[128];

static void set_up(void)
{
	fixture_folder(folder);
	snprintf(path, sizeof path, "%s/descentd.db", folder);
}

static void tear_down(void)
{
	fixture_remove(folder);
}

static const struct embedded_file good[] = {
	{ "0001_a.sql", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)", 0 },
	{ "0002_b.sql", "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1", 0 },
};
static const struct embedded_file broken[] = {
	{ "0001_a.sql", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)", 0 },
	{ "0002_b.sql", "DELETE FROM a; INSERT INTO nowhere VALUES (1)", 0 },
};

static struct db open_db(void)
{
	struct db db;
	struct error error = { 0 };
	ck_assert_msg(db_open(&db, path, DB_WRITER, &error) == OK, "%s", error.text);
	return db;
}

static int64_t ask(struct db *db, const char *sql)
{
	int64_t answer = -1;
	ck_assert_int_eq(db_get_int(db, sql, DB_NONE, &answer), OK);
	return answer;
}

static void execute(const char *sql)
{
	struct db db = open_db();
	ck_assert_int_eq(sqlite3_exec(db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
	db_close(&db);
}

START_TEST(an_empty_file_gets_every_migration)
{
	struct db db = open_db();
	ck_assert_int_eq(migrate(&db, path, good, 2, NULL), OK);
	ck_assert_int_eq(ask(&db, "PRAGMA user_version"), 2);
	ck_assert_int_eq(ask(&db, "PRAGMA application_id"), STORE_APPLICATION_ID);
	ck_assert_int_eq(ask(&db, "SELECT y FROM a"), 8);
	db_close(&db);
}
END_TEST

START_TEST(a_migration_is_applied_once)
{
	struct db db = open_db();
	ck_assert_int_eq(migrate(&db, path, good, 1, NULL), OK);
	ck_assert_int_eq(migrate(&db, path, good, 1, NULL), OK);
	ck_assert_int_eq(migrate(&db, path, good, 2, NULL), OK);
	ck_assert_int_eq(migrate(&db, path, good, 2, NULL), OK);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM a WHERE x = 7 AND y = 8"), 1);
	db_close(&db);
}
END_TEST

START_TEST(a_migration_that_fails_leaves_the_version_before_it)
{
	struct db db = open_db();
	struct error error = { 0 };
	ck_assert_int_eq(migrate(&db, path, broken, 2, &error), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "0002_b.sql"));
	ck_assert_ptr_nonnull(strstr(error.text, "nowhere"));
	ck_assert_int_eq(ask(&db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM a"), 1);
	ck_assert_int_eq(migrate(&db, path, good, 2, NULL), OK);
	db_close(&db);
}
END_TEST

START_TEST(a_file_of_a_newer_program_is_refused_with_both_versions)
{
	struct store *store = fixture_open(folder);
	struct error error = { 0 };
	char version[32];
	store_close(store);
	execute("PRAGMA user_version = 2385");
	ck_assert_int_eq(store_open(folder, &store, &error), E_NEWER);
	ck_assert_ptr_nonnull(strstr(error.text, "2385"));
	ck_assert_ptr_nonnull(strstr(error.text, DESCENT_VERSION));
	snprintf(version, sizeof version, "up to %zu", embedded_migration_count);
	ck_assert_ptr_nonnull(strstr(error.text, version));
	struct db db = open_db();
	ck_assert_int_eq(ask(&db, "PRAGMA user_version"), 2385);
	db_close(&db);
}
END_TEST

START_TEST(a_database_of_another_program_is_refused)
{
	struct store *store;
	struct error error = { 0 };
	execute("CREATE TABLE theirs (x)");
	ck_assert_int_eq(store_open(folder, &store, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "not a database of descentd"));
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused)
{
	struct store *store;
	struct error error = { 0 };
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++) {
		fputs("this is not a database\n", file);
	}
	fclose(file);
	ck_assert_int_eq(store_open(folder, &store, &error), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, path));
}
END_TEST

START_TEST(a_new_database_is_what_the_migrations_make_of_an_empty_file)
{
	static const char schema[] = "SELECT count(*) FROM sqlite_schema",
			  broken_pages[] = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
	ck_assert_int_eq(migrate_new(folder, "descentd.db", good, 2, NULL), OK);
	ck_assert_int_eq(access(path, F_OK), 0);
	/* Made once: what is there is left as it is. */
	ck_assert_int_eq(migrate_new(folder, "descentd.db", broken, 2, NULL), OK);
	struct db db = open_db();
	ck_assert_int_eq(migrate(&db, path, good, 2, NULL), OK);
	ck_assert_int_eq(ask(&db, "PRAGMA user_version"), 2);
	ck_assert_int_eq(ask(&db, "PRAGMA application_id"), STORE_APPLICATION_ID);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM a WHERE x = 7 AND y = 8"), 1);
	ck_assert_int_eq(ask(&db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	ck_assert_int_eq(ask(&db, broken_pages), 0);
	ck_assert_int_eq(ask(&db, schema), 1);
	db_close(&db);
}
END_TEST

START_TEST(a_new_database_that_cannot_be_made_leaves_no_file)
{
	struct error error = { 0 };
	ck_assert_int_eq(migrate_new(folder, "descentd.db", broken, 2, &error), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "0002_b.sql"));
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_ne(migrate_new("/proc/2385/nowhere", "descentd.db", good, 2, &error), OK);
}
END_TEST

START_TEST(the_programs_own_migrations_are_numbered_without_a_gap)
{
	ck_assert_uint_ge(embedded_migration_count, 1);
	for (size_t i = 0; i < embedded_migration_count; i++) {
		ck_assert_int_eq(strtol(embedded_migrations[i].name, NULL, 10), (long)i + 1);
		ck_assert_uint_eq(embedded_migrations[i].length, strlen(embedded_migrations[i].data));
	}
}
END_TEST

START_TEST(a_database_of_the_first_version_keeps_its_weights)
{
	struct db db = open_db();
	ck_assert_int_eq(migrate(&db, path, embedded_migrations, 1, NULL), OK);
	ck_assert_int_eq(
		sqlite3_exec(
			db.handle,
			"PRAGMA foreign_keys = ON;"
			"INSERT INTO job (key, id, status, created_at, updated_at, model, optimizer) VALUES (7, "
			"'job_a', 3, 1, 1, 'mlp', 'adam');"
			"INSERT INTO job_text (job, spec) VALUES (7, '{}');"
			"INSERT INTO snapshot (key, job, kind, step, length, digest) VALUES (9, 7, 1, 2385, 4, "
			"x'00');"
			"INSERT INTO snapshot_piece (snapshot, piece, bytes) VALUES (9, 0, x'0102'), (9, 1, x'0304')",
			NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(migrate(&db, path, embedded_migrations, embedded_migration_count, NULL), OK);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM snapshot JOIN snapshot_piece ON snapshot = snapshot.key WHERE "
				  "job = 7 AND step = 2385 AND length(bytes) = 2"),
			 2);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM sqlite_schema WHERE instr(sql, '_new') > 0"), 0);
	ck_assert_int_eq(sqlite3_exec(db.handle, "DELETE FROM job", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM snapshot_piece"), 0);
	db_close(&db);
}
END_TEST

START_TEST(an_opened_store_has_the_settings_that_durability_needs)
{
	struct store *store = fixture_open(folder);
	store_close(store);
	struct db db = open_db();
	ck_assert_int_eq(ask(&db, "PRAGMA synchronous"), 2);
	ck_assert_int_eq(ask(&db, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(ask(&db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	ck_assert_int_eq(ask(&db, "PRAGMA user_version"), (int64_t)embedded_migration_count);
	/* Every table is STRICT (SQLite's own are not ours). */
	ck_assert_int_eq(ask(&db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
				  "AND strict = 0 AND name NOT LIKE 'sqlite_%'"),
			 0);
	db_close(&db);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("migrations");
	TCase *tests = tcase_create("migrations");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_empty_file_gets_every_migration);
	tcase_add_test(tests, a_migration_is_applied_once);
	tcase_add_test(tests, a_migration_that_fails_leaves_the_version_before_it);
	tcase_add_test(tests, a_file_of_a_newer_program_is_refused_with_both_versions);
	tcase_add_test(tests, a_database_of_another_program_is_refused);
	tcase_add_test(tests, a_file_that_is_no_database_is_refused);
	tcase_add_test(tests, a_new_database_is_what_the_migrations_make_of_an_empty_file);
	tcase_add_test(tests, a_new_database_that_cannot_be_made_leaves_no_file);
	tcase_add_test(tests, the_programs_own_migrations_are_numbered_without_a_gap);
	tcase_add_test(tests, a_database_of_the_first_version_keeps_its_weights);
	tcase_add_test(tests, an_opened_store_has_the_settings_that_durability_needs);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
