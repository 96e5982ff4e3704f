/*
 * Every schedule through HTTP: the series learning_rate of a job's curve is the reference's, and the path of the
 * parameters is the one that these rates (and momenta) give; with a warm-up, it comes later by so many updates.
 */
#include <math.h>
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

enum { RATES = 201, WARMUP = 7 };

/* The reference's entries, the schedule that each is here, and settings that are spelled otherwise (NULL: as there). */
static const struct {
	const char *file, *entry, *type, *settings;
} entries[] = {
	{ "schedules_a", "step_lr", "step", NULL },
	{ "schedules_a", "multi_step_lr", "multi_step", NULL },
	{ "schedules_a", "constant_lr", "constant", NULL },
	{ "schedules_a", "linear_lr_warmup", "linear", NULL },
	{ "schedules_a", "linear_lr_decay", "linear", NULL },
	{ "schedules_a", "exponential_lr", "exponential", NULL },
	{ "schedules_a", "polynomial_lr_1", "polynomial", NULL },
	{ "schedules_a", "polynomial_lr_2", "polynomial", NULL },
	{ "schedules_a", "polynomial_lr_half", "polynomial", NULL },
	{ "schedules_a", "cosine_annealing", "cosine", NULL },
	{ "schedules_a", "cosine_annealing_periodic", "cosine", NULL },
	{ "schedules_a", "cosine_warm_restarts", "cosine_restarts", NULL },
	{ "schedules_a", "cosine_warm_restarts_mult", "cosine_restarts", NULL },
	{ "schedules_a", "cyclic_triangular", "cyclic", NULL },
	{ "schedules_b", "cyclic_triangular2", "cyclic", NULL },
	{ "schedules_b", "cyclic_exp_range", "cyclic", NULL },
	{ "schedules_b", "one_cycle_cos", "one_cycle", NULL },
	{ "schedules_b", "one_cycle_linear", "one_cycle", NULL },
	{ "schedules_b", "one_cycle_three_phase", "one_cycle", NULL },
	{ "schedules_b", "one_cycle_three_phase_linear", "one_cycle", NULL },
	{ "schedules_b", "inverse_time", "inverse_time", NULL },
	{ "schedules_b", "inverse_sqrt_warmup", "inverse_sqrt", NULL },
	{ "schedules_b", "warmup_cosine", "cosine", "{\"warmup_steps\": 10, \"T_max\": 190}" },
	{ "schedules_b", "multiplicative_lr", "multiplicative", "{\"factors\": [0.99, 0.95]}" },
	{ "schedules_b", "chained_constant_exponential", "chain",
	  "{\"schedules\": [{\"type\": \"constant\", \"factor\": 0.1, \"total_iters\": 12}, {\"type\": "
	  "\"exponential\", "
	  "\"gamma\": 0.98}]}" },
	{ "schedules_b", "sequential_linear_exponential", "chain",
	  "{\"milestones\": [15], \"schedules\": [{\"type\": \"linear\", \"start_factor\": 0.1, \"total_iters\": 15}, "
	  "{\"type\": \"exponential\", \"gamma\": 0.98}]}" },
	{ "schedules_b", "swa_cos", "swa", NULL },
	{ "schedules_b", "swa_linear", "swa", NULL },
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static const cJSON *entry_named(const cJSON *file, const char *name)
{
	const cJSON *entry = NULL;
	cJSON_ArrayForEach(entry, golden_get(file, "schedules"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0)
			return entry;
	}
	ck_abort_msg("no entry %s", name);
	return NULL;
}

/* `steps` updates of the heavy ball on 0.6925 x^2 from 2.385 under a schedule. Takes the schedule. */
static const char *schedule_job(cJSON *schedule, double base, int steps)
{
	cJSON *job = cJSON_Parse("{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1.385]], "
				 "\"b\": [0], \"c\": 0, \"initial_point\": [2.385]}, \"recording\": {\"every_steps\": "
				 "1, \"parameters\": true}, \"optimizer\": {\"type\": \"heavy_ball\", \"momentum\": "
				 "0.585}}");
	cJSON *optimizer = cJSON_GetObjectItemCaseSensitive(job, "optimizer");
	cJSON_AddNumberToObject(optimizer, "learning_rate", base);
	cJSON_AddItemToObject(optimizer, "schedule", schedule);
	cJSON_AddNumberToObject(exact_object(job, "training"), "steps", steps);
	exact_run_all_steps(job);
	return exact_take(job);
}

static cJSON *schedule_of(size_t which, const cJSON *entry, int warmup)
{
	cJSON *schedule = entries[which].settings ? cJSON_Parse(entries[which].settings)
						  : cJSON_Duplicate(golden_get(entry, "params"), true);
	ck_assert_ptr_nonnull(schedule);
	cJSON_AddStringToObject(schedule, "type", entries[which].type);
	if (warmup > 0)
		cJSON_AddNumberToObject(schedule, "warmup_steps", warmup);
	return schedule;
}

/* x_{k+1} = x_k + v, v = momentum v - lr 1.385 x_k with the reference's rates and momenta. */
static void check_path(const char *name, const double *x, const double *rate, const double *momentum, size_t count)
{
	double at = 2.385, v = 0;
	for (size_t k = 0; k < count; k++) {
		ck_assert_msg(fabs(x[k] - at) <= 1e-10, "%s: x after %zu updates is %.17g, not %.17g", name, k, x[k],
			      at);
		v = (momentum ? momentum[k] : 0.585) * v - rate[k] * 1.385 * at;
		at += v;
	}
}

static const struct reply *curve_of(const struct server *server, const char *job)
{
	const struct reply *ended = job_run(server, job);
	const struct reply *curve =
		client_get(server, text_of("/v1/jobs/%s/curve?series=learning_rate,train_loss,parameters",
					   string_at(ended->json, "id")));
	expect(curve, 200);
	return curve;
}

START_TEST(rates_and_paths_are_those_of_the_reference)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	cJSON *file = golden_load(text_of("golden/schedules/%s.json", entries[_i].file));
	const cJSON *entry = entry_named(file, entries[_i].entry);
	const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
	size_t count, points;
	double *lr = keep(golden_array(entry, "lr", &count)), *momentum = NULL;
	if (cJSON_HasObjectItem(entry, "momentum"))
		momentum = keep(golden_array(entry, "momentum", NULL));
	ck_assert_uint_eq(count, RATES);
	const struct reply *curve = curve_of(server, schedule_job(schedule_of((size_t)_i, entry, 0), base, RATES));
	const double *got = curve_series(curve, "learning_rate", &points);
	ck_assert_uint_eq(points, RATES + 1);
	ck_assert(isnan(got[RATES])); /* no update follows */
	for (size_t k = 0; k < RATES; k++)
		ck_assert_msg(fabs(got[k] - lr[k]) <= tolerance * fmax(fabs(lr[k]), 1e-3 * base),
			      "%s: rate %zu is %.17g, not %.17g", entries[_i].entry, k, got[k], lr[k]);
	double *x = keep(golden_matrix(get_at(curve->json, "series"), "parameters", NULL, NULL));
	check_path(entries[_i].entry, x, lr, momentum, RATES);
	cJSON_Delete(file);
	finish(server);
}
END_TEST

/* Update t = 0, 1, ... uses (t + 1)/w of the rate while t < w, and the schedule counts from there. */
START_TEST(a_warm_up_comes_before_any_schedule)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	for (size_t i = 0; i < ENTRIES; i++) {
		cJSON *file = golden_load(text_of("golden/schedules/%s.json", entries[i].file));
		const cJSON *entry = entry_named(file, entries[i].entry);
		const double base = golden_number(entry, "base_lr"), tolerance = golden_number(entry, "tolerance");
		double *lr = keep(golden_array(entry, "lr", NULL));
		/* Those two have a warm-up of their own. */
		if (strstr(entries[i].entry, "warmup_cosine") == NULL && strcmp(entries[i].type, "inverse_sqrt") != 0) {
			const struct reply *curve =
				curve_of(server, schedule_job(schedule_of(i, entry, WARMUP), base, WARMUP + 100));
			const double *got = curve_series(curve, "learning_rate", NULL);
			for (size_t t = 0; t < WARMUP + 100; t++) {
				double rate = t < WARMUP ? lr[0] * (double)(t + 1) / WARMUP : lr[t - WARMUP];
				ck_assert_msg(fabs(got[t] - rate) <= tolerance * fmax(fabs(rate), 1e-3 * base),
					      "%s: rate %zu is %.17g, not %.17g", entries[i].entry, t, got[t], rate);
			}
		}
		cJSON_Delete(file);
	}
	finish(server);
}
END_TEST

/* T_max and its like default to the budget less the warm-up. */
START_TEST(a_horizon_that_is_not_given_is_the_budget_less_the_warm_up)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	const double pi = acos(-1);
	const struct reply *cosine = curve_of(
		server, schedule_job(cJSON_Parse("{\"type\": \"cosine\", \"eta_min\": 0.01, \"warmup_steps\": 5}"),
				     0.2385, 45));
	const double *got = curve_series(cosine, "learning_rate", NULL);
	for (size_t t = 0; t < 40; t++)
		ck_assert_double_eq_tol(got[5 + t], 0.01 + 0.2285 * (1 + cos(pi * (double)t / 40)) / 2, 1e-14);
	const struct reply *wsd = curve_of(
		server, schedule_job(cJSON_Parse("{\"type\": \"wsd\", \"decay_steps\": 10, \"decay\": \"linear\", "
						 "\"final_factor\": 0.1, \"warmup_steps\": 5}"),
				     0.2385, 45));
	got = curve_series(wsd, "learning_rate", NULL);
	for (size_t t = 0; t < 45; t++) {
		double rate = t < 5 ? 0.2385 * (double)(t + 1) / 5 : 0.2385;
		if (t > 35)
			rate *= 0.1 + 0.9 * (1 - (double)(t - 35) / 10);
		ck_assert_double_eq_tol(got[t], rate, 1e-14);
	}
	finish(server);
}
END_TEST

/* ReduceLROnPlateau in the words of the reference's README. */
struct plateau {
	double factor, patience, cooldown, min_lr, eps, threshold;
	bool relative, least;
	double lr, best, bad, cooling;
};

static void plateau_init(struct plateau *self, const cJSON *params, double base)
{
	*self = (struct plateau){
		.factor = golden_number(params, "factor"),
		.patience = golden_number(params, "patience"),
		.cooldown = golden_number(params, "cooldown"),
		.min_lr = golden_number(params, "min_lr"),
		.eps = golden_number(params, "eps"),
		.threshold = golden_number(params, "threshold"),
		.relative = strcmp(golden_string(params, "threshold_mode"), "rel") == 0,
		.least = strcmp(golden_string(params, "mode"), "min") == 0,
		.lr = base,
	};
	self->best = self->least ? (double)INFINITY : -(double)INFINITY;
}

static double plateau_see(struct plateau *self, double metric)
{
	const double by = self->relative ? fabs(self->best) * self->threshold : self->threshold;
	const bool better = self->least ? metric < self->best - (isinf(self->best) ? 0 : by)
					: metric > self->best + (isinf(self->best) ? 0 : by);
	self->best = better ? metric : self->best;
	self->bad = better ? 0 : self->bad + 1;
	if (self->cooling > 0) {
		self->cooling--;
		self->bad = 0;
	}
	if (self->bad > self->patience) {
		const double lower = fmax(self->lr * self->factor, self->min_lr);
		self->lr = self->lr - lower > self->eps ? lower : self->lr;
		self->bad = 0;
		self->cooling = self->cooldown;
	}
	return self->lr;
}

/* A rate too long on a function of many valleys: the loss (all of it above 0) goes up and down. */
static const char *plateau_job(const cJSON *params, double base)
{
	cJSON *job = cJSON_Parse("{\"model\": {\"type\": \"function\", \"function\": \"rastrigin\", \"A\": 10, "
				 "\"initial_point\": [2.385, -1.7]}, \"recording\": {\"every_steps\": 1, "
				 "\"parameters\": true}, \"training\": {\"steps\": 201}, \"optimizer\": {\"type\": "
				 "\"sgd\"}}");
	cJSON *optimizer = cJSON_GetObjectItemCaseSensitive(job, "optimizer");
	cJSON *schedule = cJSON_Duplicate(params, true);
	cJSON_AddStringToObject(schedule, "type", "reduce_on_plateau");
	cJSON_AddNumberToObject(optimizer, "learning_rate", base);
	cJSON_AddItemToObject(optimizer, "schedule", schedule);
	exact_run_all_steps(job);
	return exact_take(job);
}

START_TEST(a_plateau_of_the_jobs_own_loss_reduces_the_rate_as_torch_would)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	cJSON *file = golden_load("golden/schedules/reduce_on_plateau.json");
	const cJSON *entry = NULL;
	cJSON_ArrayForEach(entry, golden_get(file, "schedules"))
	{
		const double base = golden_number(entry, "base_lr");
		const cJSON *params = golden_get(entry, "params");
		double *lr = keep(golden_array(entry, "lr", NULL));
		double *metric = keep(golden_array(golden_get(file, "metrics"), golden_string(entry, "metric"), NULL));
		struct plateau plateau;
		plateau_init(&plateau, params, base);
		for (size_t k = 1; k < RATES; k++)
			ck_assert_double_eq_tol(plateau_see(&plateau, metric[k - 1]), lr[k], 1e-15);
		const struct reply *curve = curve_of(server, plateau_job(params, base));
		const double *rate = curve_series(curve, "learning_rate", NULL),
			     *loss = curve_series(curve, "train_loss", NULL);
		plateau_init(&plateau, params, base);
		for (size_t k = 0; k < RATES; k++) {
			double expected = k == 0 ? base : plateau_see(&plateau, loss[k]);
			ck_assert_msg(fabs(rate[k] - expected) <= 1e-12 * expected, "%s: rate %zu is %.17g, not %.17g",
				      golden_string(entry, "name"), k, rate[k], expected);
		}
		ck_assert_double_lt(plateau.lr, base);
	}
	cJSON_Delete(file);
	finish(server);
}
END_TEST

START_TEST(every_schedule_of_the_catalog_is_among_these)
{
	struct server *server = server_start(NULL);
	const cJSON *schedule = NULL;
	cJSON_ArrayForEach(schedule, get_at(client_get(server, "/v1/catalog")->json, "schedules"))
	{
		const char *name = golden_string(schedule, "name");
		bool seen = strcmp(name, "wsd") == 0 || strcmp(name, "reduce_on_plateau") == 0 ||
			    strcmp(name, "lr_finder") == 0; /* test_certificates.c */
		for (size_t i = 0; i < ENTRIES; i++)
			seen = seen || strcmp(entries[i].type, name) == 0;
		ck_assert_msg(seen, "%s is not tested here", name);
	}
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_schedules");
	TCase *tests = tcase_create("schedules");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, rates_and_paths_are_those_of_the_reference, 0, ENTRIES);
	tcase_add_test(tests, a_warm_up_comes_before_any_schedule);
	tcase_add_test(tests, a_horizon_that_is_not_given_is_the_budget_less_the_warm_up);
	tcase_add_test(tests, a_plateau_of_the_jobs_own_loss_reduces_the_rate_as_torch_would);
	tcase_add_test(tests, every_schedule_of_the_catalog_is_among_these);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
