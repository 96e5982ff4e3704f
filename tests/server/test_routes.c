/* The table of routes and the contract say the same; the cache of ended jobs brings none of them back. */
#include <stdio.h>
#include <string.h>

#include "api/job_spec.h"
#include "api/problem.h"
#include "server/embedded.h"
#include "server/routes/job_cache.h"
#include "server/routes/routes.h"
#include "tests/support/suite.h"

static const char *const methods[] = { "get", "post", "delete", "put", "patch" };
enum { METHODS = sizeof methods / sizeof *methods };

static bool in_table(const char *method, const char *path)
{
	for (size_t i = 0; i < routes_count; i++) {
		if (strcasecmp(routes_table[i].method, method) == 0 && strcmp(routes_table[i].pattern, path) == 0) {
			return true;
		}
	}
	return false;
}

/* Walks the contract's `paths`: a path stands two blanks in, its methods four. Counts operations that are in the table,
 * and fails at one that is not. looked_for: "METHOD PATH" to look for, or NULL. */
static size_t walk(const char *looked_for, bool *found)
{
	char path[200] = "";
	size_t operations = 0;
	bool inside = false;
	for (const char *line = embedded_openapi.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");
		if (line[0] != ' ' && line[0] != '\n') {
			inside = strncmp(line, "paths:", 6) == 0;
		} else if (inside && length > 3 && strncmp(line, "  /", 3) == 0) {
			snprintf(path, sizeof path, "%.*s", (int)length - 3, line + 2);
		} else if (inside && length > 5 && strncmp(line, "    ", 4) == 0 && line[4] != ' ') {
			for (size_t m = 0; m < METHODS; m++) {
				size_t n = strlen(methods[m]);
				if (strncmp(line + 4, methods[m], n) == 0 && line[4 + n] == ':') {
					char call[220];
					operations++;
					snprintf(call, sizeof call, "%s %s", methods[m], path);
					ck_assert_msg(in_table(methods[m], path), "%s is in the contract only", call);
					*found |= looked_for != NULL && strcasecmp(call, looked_for) == 0;
				}
			}
		}
		if (line[length] == '\0') {
			break;
		}
	}
	return operations;
}

START_TEST(the_contract_and_the_table_list_the_same_calls)
{
	bool found = false;
	ck_assert_uint_eq(walk(NULL, &found), routes_count);
	for (size_t i = 0; i < routes_count; i++) {
		char call[220];
		found = false;
		snprintf(call, sizeof call, "%s %s", routes_table[i].method, routes_table[i].pattern);
		walk(call, &found);
		ck_assert_msg(found, "%s is in the table only", call);
	}
}
END_TEST

START_TEST(the_contract_names_every_parameter_and_every_problem)
{
	static const char *const slugs[] = {
#define SLUG(name, slug, status, title) slug,
		PROBLEM_LIST(SLUG)
#undef SLUG
	};
	char text[200];
	for (size_t i = 0; i < sizeof slugs / sizeof *slugs; i++) {
		snprintf(text, sizeof text, "- urn:descentd:problem:%s\n", slugs[i]);
		ck_assert_msg(slugs[i][0] == '\0' || strstr(embedded_openapi.data, text) != NULL, "%s", slugs[i]);
	}
	for (size_t i = 0; i < routes_count; i++) {
		for (const char *const *name = routes_table[i].parameters; name != NULL && *name != NULL; name++) {
			char flow[200];
			snprintf(flow, sizeof flow, "name: %s, in: query", *name);
			snprintf(text, sizeof text, "name: %s\n", *name);
			ck_assert_msg(strstr(embedded_openapi.data, flow) != NULL ||
					      strstr(embedded_openapi.data, text) != NULL,
				      "%s of %s", *name, routes_table[i].pattern);
		}
	}
}
END_TEST

/* The line behind `key:` among lines that begin at `at` and stand `indent` blanks in; NULL: there is none. */
static const char *behind(const char *at, size_t indent, const char *key)
{
	const size_t size = strlen(key);
	for (; *at != '\0'; at += strcspn(at, "\n") + 1) {
		const size_t blanks = strspn(at, " ");
		if (at[blanks] != '\n' && blanks < indent) {
			return NULL;
		}
		if (blanks == indent && strncmp(at + indent, key, size) == 0 && at[indent + size] == ':') {
			return at + strcspn(at, "\n") + 1;
		}
	}
	return NULL;
}

static size_t count_keys(const char *at, size_t indent)
{
	size_t keys = 0;
	for (; strspn(at, " ") >= indent; at += strcspn(at, "\n") + 1) {
		keys += strspn(at, " ") == indent;
	}
	return keys;
}

/* The fields of an object in JobSpec (dotted; "": itself) are those that the fault of an unknown one, `zz`, names. */
static void check_fields(const char *path, const char *pointer, const char *body)
{
	const char *at = strstr(embedded_openapi.data, "\n    JobSpec:\n");
	struct problem problem;
	struct job_draft *draft;
	struct job_spec *spec = NULL;
	char key[40];
	size_t indent = 6, allowed = 0;
	ck_assert_ptr_nonnull(at);
	at = behind(at + strlen("\n    JobSpec:\n"), indent, "properties");
	for (; at != NULL && *path != '\0'; path += strcspn(path, ".") + (path[strcspn(path, ".")] == '.')) {
		snprintf(key, sizeof key, "%.*s", (int)strcspn(path, "."), path);
		at = behind(at, indent + 2, key);
		indent += 4;
		at = at == NULL ? NULL : behind(at, indent, "properties");
	}
	ck_assert_ptr_nonnull(at);
	problem_init(&problem);
	ck_assert_int_eq(job_draft_read(body, strlen(body), &draft, &problem), OK);
	ck_assert_int_eq(job_spec_resolve(draft, NULL, NULL, 2, &spec, &problem), E_INVALID);
	job_draft_destroy(draft);
	ck_assert_str_eq(problem.fault[0].pointer, pointer);
	for (; problem.fault[0].allowed[allowed] != NULL; allowed++) {
		const char *name = problem.fault[0].allowed[allowed];
		ck_assert_msg(behind(at, indent + 2, name) != NULL, "%s: %s is in the table only", pointer, name);
	}
	ck_assert_msg(count_keys(at, indent + 2) == allowed, "%s: more is in the contract than in the table", pointer);
	problem_fini(&problem);
}

START_TEST(the_contract_names_every_field_of_a_job_that_has_no_type)
{
#define OF_A_FUNCTION "{\"model\": {\"type\": \"function\", \"function\": \"booth\", \"initial_point\": [0, 0]}, "
	check_fields("", "/zz", OF_A_FUNCTION "\"zz\": 1}");
	check_fields("dataset", "/dataset/zz",
		     "{\"dataset\": {\"id\": \"ds_a\", \"zz\": 1}, \"model\": {\"type\": \"linear_regression\"}}");
	check_fields("training", "/training/zz", OF_A_FUNCTION "\"training\": {\"zz\": 1}}");
	check_fields("stopping", "/stopping/zz", OF_A_FUNCTION "\"stopping\": {\"zz\": 1}}");
	check_fields("stopping.early_stopping", "/stopping/early_stopping/zz",
		     OF_A_FUNCTION "\"stopping\": {\"early_stopping\": {\"zz\": 1}}}");
	check_fields("recording", "/recording/zz", OF_A_FUNCTION "\"recording\": {\"zz\": 1}}");
#undef OF_A_FUNCTION
}
END_TEST

START_TEST(only_what_stands_under_v1_asks_for_the_token)
{
	for (size_t i = 0; i < routes_count; i++) {
		bool v1 = strncmp(routes_table[i].pattern, "/v1", 3) == 0;
		ck_assert_msg(routes_table[i].open == !v1, "%s", routes_table[i].pattern);
		ck_assert((routes_table[i].body == HTTP_STREAM) == (routes_table[i].sink != NULL));
	}
}
END_TEST

static bool finds_at(struct job_cache *cache, const char *id, uint64_t version, const char *expected)
{
	struct text out;
	bool final;
	text_init(&out);
	bool found = job_cache_find(cache, id, version, &out, &final);
	ck_assert(!found || strcmp(out.data, expected) == 0);
	text_fini(&out);
	return found;
}

static bool finds(struct job_cache *cache, const char *id, const char *expected)
{
	return finds_at(cache, id, 0, expected);
}

START_TEST(the_document_of_a_running_job_holds_for_one_version_of_the_store)
{
	struct job_cache *cache = job_cache_create(64);
	struct text document, out;
	bool final;
	text_init(&document);
	text_init(&out);
	text_puts(&document, "{\"loss\":2.385}");
	job_cache_put(cache, "job_a", 0, 0, &document); /* a commit was under way */
	ck_assert(!finds_at(cache, "job_a", 0, ""));
	job_cache_put(cache, "job_a", 0, 7, &document);
	ck_assert(finds_at(cache, "job_a", 7, "{\"loss\":2.385}"));
	ck_assert(!finds_at(cache, "job_a", 8, ""));
	ck_assert(!finds_at(cache, "job_a", 0, ""));
	ck_assert(job_cache_find(cache, "job_a", 7, &out, &final));
	ck_assert(!final);
	job_cache_put(cache, "job_a", 0, JOB_CACHE_FINAL, &document);
	ck_assert(job_cache_find(cache, "job_a", 0, &out, &final));
	ck_assert(final);
	text_fini(&document);
	text_fini(&out);
	job_cache_destroy(cache);
}
END_TEST

START_TEST(a_deleted_job_does_not_come_back_through_a_late_reader)
{
	struct job_cache *cache = job_cache_create(64);
	struct text document;
	text_init(&document);
	text_puts(&document, "{\"loss\":2.385}");
	uint64_t ticket = job_cache_ticket(cache, "job_a");
	job_cache_put(cache, "job_a", ticket, JOB_CACHE_FINAL, &document);
	ck_assert(finds(cache, "job_a", "{\"loss\":2.385}"));
	ck_assert(!finds(cache, "job_b", ""));
	ticket = job_cache_ticket(cache, "job_a"); /* a reader has looked at the store ... */
	job_cache_forget(cache, "job_a");          /* ... the job is deleted ... */
	job_cache_put(cache, "job_a", ticket, JOB_CACHE_FINAL, &document);
	ck_assert(!finds(cache, "job_a", ""));
	text_fini(&document);
	job_cache_destroy(cache);
}
END_TEST

START_TEST(the_cache_stays_within_its_places_and_takes_no_large_document)
{
	struct job_cache *cache = job_cache_create(16);
	char id[40];
	size_t held = 0;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 500; i++) {
			struct text document;
			text_init(&document);
			snprintf(id, sizeof id, "job_%d", i);
			text_puts(&document, id);
			if (round == 0) {
				job_cache_put(cache, id, job_cache_ticket(cache, id), JOB_CACHE_FINAL, &document);
			} else {
				held += finds(cache, id, id);
			}
			text_fini(&document);
		}
	}
	ck_assert_uint_gt(held, 0);
	ck_assert_uint_le(held, 16);
	struct text large;
	text_init(&large);
	for (int i = 0; i <= JOB_CACHE_DOCUMENT_MAX; i++) {
		text_puts(&large, "x");
	}
	job_cache_put(cache, "job_large", job_cache_ticket(cache, "job_large"), JOB_CACHE_FINAL, &large);
	ck_assert(!finds(cache, "job_large", ""));
	text_fini(&large);
	job_cache_destroy(cache);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("routes");
	TCase *tests = tcase_create("routes");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, the_contract_and_the_table_list_the_same_calls);
	tcase_add_test(tests, the_contract_names_every_parameter_and_every_problem);
	tcase_add_test(tests, the_contract_names_every_field_of_a_job_that_has_no_type);
	tcase_add_test(tests, only_what_stands_under_v1_asks_for_the_token);
	tcase_add_test(tests, the_document_of_a_running_job_holds_for_one_version_of_the_store);
	tcase_add_test(tests, a_deleted_job_does_not_come_back_through_a_late_reader);
	tcase_add_test(tests, the_cache_stays_within_its_places_and_takes_no_large_document);
	return suite_run(suite);
}
