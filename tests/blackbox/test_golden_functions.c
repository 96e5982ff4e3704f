/*
 * The minima of the closed-form functions (tests/data/golden/optima/functions.json) through HTTP: reached from nearby
 * by an optimizer that suits.
 */
#include <math.h>
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

/* Ackley's minimum is a kink: polyak's steps, which know its value, are for such. */
static const char *minimum_job(const cJSON *entry, const double *x, size_t n, bool kink)
{
	cJSON *job = cJSON_CreateObject(), *model = exact_object(job, "model");
	const cJSON *about = golden_get(entry, "objective"), *item = NULL;
	double *start = keep(malloc(n * sizeof *start));
	for (size_t i = 0; i < n; i++)
		start[i] = x[i] + (i % 2 == 0 ? 0.25 : -0.2385);
	cJSON_AddStringToObject(model, "type", "function");
	cJSON_AddStringToObject(model, "function", golden_string(about, "kind"));
	cJSON_AddItemToObject(model, "initial_point", exact_list(start, n));
	cJSON_ArrayForEach(item, about)
	{
		static const char *const others[] = { "kind", "dim", "formula", "expr" };
		bool constant = true;
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			constant = constant && strcmp(item->string, others[i]) != 0;
		if (constant)
			cJSON_AddItemToObject(model, item->string, cJSON_Duplicate(item, true));
	}
	cJSON_AddStringToObject(exact_object(job, "optimizer"), "type", kink ? "polyak" : "lbfgs");
	cJSON_AddNumberToObject(exact_object(job, "training"), "steps", 2000);
	cJSON *stopping = exact_object(job, "stopping");
	cJSON_AddNumberToObject(stopping, "gradient_norm", 1e-10);
	cJSON_AddNullToObject(stopping, "loss_change");
	cJSON_AddNumberToObject(stopping, "parameter_change", kink ? 1e-12 : 1e-300);
	return exact_take(job);
}

START_TEST(every_function_is_minimised)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	cJSON *file = golden_load("golden/optima/functions.json");
	const cJSON *entry = NULL;
	size_t seen = 0;
	cJSON_ArrayForEach(entry, golden_get(file, "minima"))
	{
		const char *name = golden_string(entry, "function");
		size_t n, m;
		double *x = keep(golden_array(entry, "x", &n)), least = golden_number(entry, "value");
		bool kink = !cJSON_HasObjectItem(entry, "max_abs_gradient");
		const struct reply *job = job_run(server, minimum_job(entry, x, n, kink));
		double value = number_at(job->json, "metrics.train_loss");
		ck_assert_msg(fabs(value - least) <= 1e-9 * fmax(1, fabs(least)), "%s: %.17g instead of %.17g", name,
			      value, least);
		const double *got = job_tensor(server, string_at(job->json, "id"), "x", &m);
		ck_assert_uint_eq(n, m);
		ck_assert_msg(golden_close(got, x, n, 1e-6), "%s: x ends %g away", name, golden_distance(got, x, n));
		seen++;
	}
	ck_assert_uint_eq(seen, 14);
	cJSON_Delete(file);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_functions");
	TCase *tests = tcase_create("minima");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_function_is_minimised);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
