/* Every job of docs/examples, as it stands: it succeeds and has learned what its name says, with other seeds
 * too (of which sanitizers see one). */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

/* What its metrics must come to. */
static const struct {
	const char *file, *metric;
	double at_least, at_most;
} learned[] = {
	{ "autoencoder", "train_loss", 0, 0.1 },       /* a line leaves 0.5 */
	{ "contrastive", "validation_loss", 0, 0.03 }, /* unlearned 0.3 */
	{ "curve_fit", "train_r2", 0.999, 1 },
	{ "factorization_machine", "validation_r2", 0.99, 1 },
	{ "gan", "discriminator_loss", 0.8, 1.5 }, /* 2 log 2 where nothing tells made rows from real ones */
	{ "himmelblau", "train_loss", 0, 1e-10 },
	{ "kernel_regression", "train_loss", 0.015, 0.03 }, /* the variance of the noise is 0.01; unlearned 0.5 */
	{ "lasso", "validation_r2", 0.8, 1 },
	{ "linear_svm", "validation_accuracy", 0.97, 1 },
	{ "logistic_regression", "validation_accuracy", 0.97, 1 },
	{ "matrix_factorization", "validation_r2", 0.9, 1 },
	{ "moons", "validation_accuracy", 0.97, 1 },
	{ "own_objective", "train_loss", 0, 0.35 },
	{ "poisson_regression", "train_r2", 0.97, 1 },
	{ "pulses", "validation_accuracy", 0.95, 1 },
	{ "rosenbrock", "train_loss", 0, 1e-6 },
	{ "quantile_regression", "train_loss", 0.33, 0.36 }, /* 0.1755 (the density there) times the noise */
	{ "softmax_regression", "validation_accuracy", 0.93, 1 },
	{ "spirals", "validation_accuracy", 0.9, 1 },
	{ "waves", "validation_accuracy", 0.97, 1 },
};
enum { LEARNED = sizeof learned / sizeof *learned, SEEDS = 3 };

static glob_t files;

static size_t entry_of(const char *path)
{
	for (size_t i = 0; i < LEARNED; i++) {
		if (strcmp(strrchr(path, '/') + 1, text_of("%s.json", learned[i].file)) == 0) {
			return i;
		}
	}
	ck_abort_msg("%s has no line in this test", path);
}

START_TEST(an_example_learns_what_it_shows)
{
	const char *path = files.gl_pathv[_i];
	const size_t k = entry_of(path);
	struct server *server = server_start(NULL);
	cJSON *job = golden_load(text_of("../../%s", path));
	const double bounds[] = { learned[k].at_least, learned[k].at_most };
	for (int seed = 0; seed < (blackbox_patience() > 1 ? 1 : SEEDS); seed++) {
		const struct reply *done = job_run(server, keep(cJSON_PrintUnformatted(job)));
		const double value = number_at(done->json, text_of("metrics.%s", learned[k].metric));
		ck_assert_msg(value >= bounds[0] && value <= bounds[1],
			      "%s, seed %d: %s is %g, and should lie in %g to %g", path, seed, learned[k].metric, value,
			      bounds[0], bounds[1]);
		ck_assert_int_eq(cJSON_GetArraySize(get_at(done->json, "warnings")), 0);
		cJSON *training = cJSON_GetObjectItemCaseSensitive(job, "training");
		if (training == NULL) {
			training = cJSON_AddObjectToObject(job, "training");
		}
		cJSON_DeleteItemFromObjectCaseSensitive(training, "seed");
		cJSON_AddNumberToObject(training, "seed", seed + 1);
	}
	cJSON_Delete(job);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/examples");
	TCase *tests = tcase_create("examples");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, an_example_learns_what_it_shows, 0, (int)files.gl_pathc);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	if (glob("docs/examples/*.json", 0, NULL, &files) != 0 || files.gl_pathc != LEARNED) {
		fprintf(stderr,
			"docs/examples has not the %d examples of this test (it starts in the repository's top "
			"folder)\n",
			(int)LEARNED);
		return EXIT_FAILURE;
	}
	int failed = blackbox_run(suite());
	globfree(&files);
	return failed;
}
