/*
 * Memory: a step of training allocates and frees nothing, by whatever optimizer and model; and wherever an allocation
 * fails on a job's way from its text to a resumed run, the job is refused with E_MEMORY, and nothing is lost or
 * forgotten (the address sanitizer says so).
 */
#include <assert.h>
#include <stdio.h>

#include "api/model_card.h"
#include "api/predictions.h"
#include "core/expression/evaluate.h"
#include "core/model/residual.h"
#include "core/train/trainer.h"
#include "tests/api/job_support.h"
#include "tests/support/allocation.h"
#include "tests/support/suite.h"

enum { STEPS = 12, ROWS = 150, MOST_COLUMNS = 9 };

static struct dataset_info people;

static void setup(void)
{
	people_make(&people);
	allocation_hook_cjson();
	allocation_watch(0);
}

static void teardown(void)
{
	dataset_info_fini(&people);
}

/* A job of the small dataset, or of none. */
static const char *const jobs[] = {
	"{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[3, 0.5], [0.5, 2.385]], \"b\": [1, "
	"-2], \"initial_point\": [-1.2, 1]}, \"name\": \"small\", \"metadata\": {\"a\": \"b\"}, \"optimizer\": "
	"{\"type\": \"adam\", \"learning_rate\": 0.05, \"schedule\": {\"type\": \"chain\", \"schedules\": [\"cosine\", "
	"\"wsd\"]}}}",
	PEOPLE("\"target\": \"label\", \"exclude\": \"three\", \"validation_fraction\": 0.2}, \"model\": {\"type\": "
	       "\"logistic_regression\", \"l2\": 0.01}, \"optimizer\": \"lbfgs\", \"training\": {\"batch_size\": "
	       "\"full\"}}"),
	PEOPLE("\"target\": \"three\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"mlp\", \"layers\": "
	       "[{\"units\": 7, \"activation\": \"tanh\"}, {\"units\": 3}]}, \"training\": {\"batch_size\": 32, "
	       "\"epochs\": 5}, \"stopping\": {\"early_stopping\": {\"metric\": \"train_loss\", \"patience\": 3}}}"),
	PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"k\"]}, \"model\": {\"type\": \"expression\", \"objective\": "
	       "\"r = y/100 - (a*s + k*w[0] + w[1]); mean(r**2) + 0.01*sum(w**2)\", \"parameters\": {\"s\": 0.5, "
	       "\"w\": {\"shape\": [2], \"init\": \"zeros\"}}}, \"recording\": {\"parameters\": true}}"),
	PEOPLE("\"target\": [\"y\", \"a\"], \"features\": [\"b\"]}, \"model\": {\"type\": \"linear_regression\", "
	       "\"initial_parameters\": {\"parameters\": [{\"name\": \"weight\", \"shape\": [1, 2], \"values\": [0.1, "
	       "0.2]}, {\"name\": \"bias\", \"values\": [1, 2]}]}}}"),
	"{\"model\": {\"type\": \"function\", \"function\": \"matrix_lsq\", \"A\": [[1, 2], [3, 5]], \"C\": [[1, 0.5], "
	"[2.385, 1]], \"initial_point\": [1, 2, 3, 4]}, \"optimizer\": \"muon\"}",
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };

/* Rows of the shape that a job asks for, in room that was taken before. */
static struct {
	float x32[ROWS * MOST_COLUMNS], y32[ROWS * MOST_COLUMNS];
	double x[ROWS * MOST_COLUMNS], y[ROWS * MOST_COLUMNS];
	int32_t label[ROWS];
} room;

static struct data_view rows_for(const struct job_spec *spec)
{
	const bool single = spec->train.training.dtype == DTYPE_FLOAT32;
	for (size_t i = 0; i < (size_t)ROWS * MOST_COLUMNS; i++) {
		room.x[i] = (double)(i * 2385 % 101) / 50 - 1;
		room.y[i] = (double)(i * 71 % 37) / 18 - 1;
		room.x32[i] = (float)room.x[i];
		room.y32[i] = (float)room.y[i];
	}
	for (size_t r = 0; r < ROWS; r++) {
		room.label[r] = spec->shape.classes > 0 ? (int32_t)(r * 7 % spec->shape.classes) : 0;
	}
	assert(spec->shape.features <= MOST_COLUMNS); /* Check's own assertions allocate */
	return (struct data_view){ .dtype = spec->train.training.dtype,
				   .rows = spec->training_rows,
				   .features = spec->shape.features,
				   .x = single ? (void *)room.x32 : (void *)room.x,
				   .targets = spec->shape.targets,
				   .y = single ? (void *)room.y32 : (void *)room.y,
				   .classes = spec->shape.classes,
				   .label = spec->shape.classes > 0 ? room.label : NULL };
}

/* What a run is made of; released whatever of it there is. */
struct run {
	struct job_spec *spec;
	struct objective *objective, *residual; /* residual: of a sum of squares, else NULL */
	struct trainer *trainer, *resumed;
	struct data_view data;
	struct executor executor;
};

static void run_fini(struct run *run)
{
	trainer_destroy(run->resumed);
	trainer_destroy(run->trainer);
	if (run->objective != NULL) {
		objective_destroy(run->objective);
	}
	if (run->residual != NULL) {
		objective_destroy(run->residual);
	}
	job_spec_destroy(run->spec);
}

static struct trainer_setup setup_of(struct run *run)
{
	return (struct trainer_setup){ .config = run->spec->train,
				       .objective = run->objective,
				       .training = run->spec->has_dataset ? &run->data : NULL,
				       .residual = run->residual,
				       .executor = &run->executor };
}

/* From the text to a run at step 0. */
static enum status run_init(struct run *run, const char *job, struct problem *problem)
{
	struct error error;
	*run = (struct run){ .executor = executor_serial() };
	enum status status = people_resolve(job, strlen(job), &people, &run->spec, problem);
	if (status != OK) {
		return status;
	}
	run->spec->train.recording.every_steps = 1;
	run->data = rows_for(run->spec);
	status = model_build(&run->spec->model, &run->spec->shape, run->spec->train.training.dtype, 1, &run->objective,
			     &error);
	if (status == OK) {
		status = model_residual(&run->spec->model, &run->spec->shape, run->spec->train.training.dtype,
					&run->residual, &error);
		status = status == E_UNSUPPORTED ? OK : status;
	}
	if (status == OK) {
		const struct trainer_setup setup = setup_of(run);
		status = trainer_create(&setup, &run->trainer, &error);
	}
	return status;
}

/* Some steps, and the same run in another trainer from there on. */
static enum status run_and_resume(struct run *run)
{
	struct error error;
	size_t size;
	enum status status = trainer_advance(run->trainer, STEPS / 2);
	const struct trainer_setup setup = setup_of(run);
	if (status == OK) {
		status = trainer_create(&setup, &run->resumed, &error);
	}
	if (status == OK) {
		const void *state = trainer_state(run->trainer, &size);
		status = trainer_restore(run->resumed, state, size, &error);
	}
	return status == OK ? trainer_advance(run->resumed, STEPS / 2) : status;
}

static enum status whole(const char *job, size_t fail_at)
{
	struct problem problem;
	struct run run;
	allocation_watch(fail_at);
	problem_init(&problem);
	enum status status = run_init(&run, job, &problem);
	if (status == OK) {
		status = run_and_resume(&run);
	}
	run_fini(&run);
	problem_fini(&problem);
	return status;
}

START_TEST(wherever_memory_ends_the_job_is_refused_for_memory)
{
	enum status plain = whole(jobs[_i], 0);
	const size_t calls = allocation.calls;
	ck_assert_int_eq(plain, OK);
	ck_assert_uint_ge(calls, 20);
	for (size_t k = 1; k <= calls; k++) {
		enum status status = whole(jobs[_i], k);
		const size_t refused = allocation.refused;
		ck_assert_uint_eq(refused, 1);
		ck_assert_msg(status == E_MEMORY, "job %d, allocation %zu of %zu: status %d", _i, k, calls, status);
	}
	enum status again = whole(jobs[_i], 0);
	const size_t calls_again = allocation.calls;
	ck_assert_int_eq(again, OK);
	ck_assert_uint_eq(calls_again, calls);
}
END_TEST

/* Whatever is wrong with a body is said, or that memory has ended; nothing else comes of it. */
START_TEST(a_body_that_is_wrong_is_refused_wherever_memory_ends)
{
	static const char *const bodies[] = {
		"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrok\", \"a\": [1], \"b\": \"x\"}, "
		"\"optimizer\": {\"type\": \"adm\", \"learnng_rate\": -1}, \"stopping\": 7, \"stopping\": 8}",
		"{\"model\": {\"type\": \"expression\", \"objective\": \"sum(w**2) + q\", \"parameters\": {\"w\": "
		"{\"shape\": [3], \"init\": \"ones\"}, \"pi\": 2}}, \"training\": {\"steps\": 1e400}}",
		PEOPLE("\"target\": \"lable\", \"features\": [\"a\", \"a\"]}, \"model\": {\"type\": \"mlp\", "
		       "\"layers\": "
		       "[{\"units\": 0}, {\"type\": \"dens\"}], \"loss\": \"hinge\"}, \"colour\": \"red\"}"),
		"{\"model\": [1, 2, {\"a\": tru}]}",
	};
	const char *body = bodies[_i];
	enum status status = whole(body, 0);
	const size_t calls = allocation.calls;
	ck_assert_int_eq(status, E_INVALID);
	for (size_t k = 1; k <= calls; k++) {
		status = whole(body, k);
		ck_assert_msg(status == E_MEMORY || status == E_INVALID, "body %d, allocation %zu: status %d", _i, k,
			      status);
	}
}
END_TEST

/* Text, tree, table of a dataset that travels inside the job. */
static enum status read_inline(const char *body, size_t fail_at)
{
	struct problem problem;
	struct job_draft *draft;
	struct inline_table table;
	allocation_watch(fail_at);
	problem_init(&problem);
	enum status status = job_draft_read(body, strlen(body), &draft, &problem);
	if (status == OK) {
		status = job_draft_inline(draft, &table, &problem);
		if (status == OK) {
			inline_table_fini(&table);
		}
		job_draft_destroy(draft);
	}
	problem_fini(&problem);
	return status;
}

START_TEST(inline_data_are_refused_for_memory_wherever_it_ends)
{
	static const char *const bodies[] = {
		"{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, \"a\"], [2.385, \"b\"]]}, "
		"\"target\": \"y\"}, \"model\": {\"type\": \"logistic_regression\"}}",
		"{\"dataset\": {\"inline\": [{\"x\": 1, \"y\": 2}, {\"x\": 3.5, \"y\": 7}], \"target\": \"y\"}, "
		"\"model\": {\"type\": \"linear_regression\"}}",
	};
	const char *body = bodies[_i];
	enum status status = read_inline(body, 0);
	const size_t calls = allocation.calls;
	ck_assert_int_eq(status, OK);
	for (size_t k = 1; k <= calls; k++) {
		status = read_inline(body, k);
		ck_assert_msg(status == E_MEMORY, "body %d, allocation %zu of %zu: status %d", _i, k, calls, status);
	}
}
END_TEST

START_TEST(an_evaluation_of_an_expression_survives_wherever_memory_ends)
{
	static const char text[] = "A @ u + sum(log1p(exp(-(u * v)))) * [1, 2][0]",
			  good[] = "u @ (A @ u) + sum(log1p(exp(-(u * v))))";
	const double numbers[4] = { 1.5, -0.25, 2.385, 0.5 };
	const struct expression_variable variables[] = {
		{ .name = "u", .shape = { .rank = 1, .extent = { 2 } }, .values = numbers },
		{ .name = "v", .shape = { .rank = 1, .extent = { 2 } }, .values = numbers + 2 },
		{ .name = "A", .shape = { .rank = 2, .extent = { 2, 2 } }, .values = numbers },
	};
	const char *source = _i == 0 ? good : text;
	struct expression_error error;
	double value, gradient[8];
	allocation_watch(0);
	const enum status plain = expression_evaluate(source, strlen(source), variables, 3, &value, gradient, &error);
	const size_t calls = allocation.calls;
	ck_assert_int_eq(plain, _i == 0 ? OK : E_INVALID);
	for (size_t k = 1; k <= calls; k++) {
		allocation_watch(k);
		enum status status =
			expression_evaluate(source, strlen(source), variables, 3, &value, gradient, &error);
		ck_assert_msg(status == E_MEMORY || (_i == 1 && status == plain), "allocation %zu of %zu: status %d", k,
			      calls, status);
	}
}
END_TEST

/* Trains by `optimizer` and counts; false when it cannot do the job. */
static bool steps_allocate_nothing(const char *model, const char *optimizer, const char *training)
{
	struct problem problem;
	struct run run;
	char body[1024];
	snprintf(body, sizeof body, "%s, \"optimizer\": \"%s\", \"training\": {%s}}", model, optimizer, training);
	problem_init(&problem);
	const enum status status = run_init(&run, body, &problem);
	if (status == OK) {
		enum status first = trainer_advance(run.trainer, 1);
		allocation_watch(0);
		enum status more = trainer_advance(run.trainer, STEPS);
		const size_t calls = allocation.calls, frees = allocation.frees;
		ck_assert(first == OK && more == OK);
		ck_assert_msg(calls == 0 && frees == 0, "%s: %zu allocations, %zu frees in %s", optimizer, calls, frees,
			      body);
	}
	run_fini(&run);
	problem_fini(&problem);
	return status == OK;
}

START_TEST(a_step_allocates_nothing)
{
	static const char *const models[] = {
		"{\"model\": {\"type\": \"function\", \"function\": \"matrix_lsq\", \"A\": [[1, 2], [3, 5]], \"C\": "
		"[[1, 0.5], [2.385, 1]], \"initial_point\": [1, 2, 3, 4]}",
		PEOPLE("\"target\": \"label\", \"exclude\": \"three\"}, \"model\": {\"type\": \"logistic_regression\", "
		       "\"l2\": 0.01}"),
		PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": "
		       "\"linear_regression\"}"),
		PEOPLE("\"target\": \"three\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"mlp\", "
		       "\"layers\": [{\"units\": 7, \"activation\": \"tanh\"}]}"),
		PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"k\"]}, \"model\": {\"type\": \"expression\", "
		       "\"objective\": \"mean((y/100 - (a*s + k*w[0] + w[1]))**2)\", \"parameters\": {\"s\": 0.5, "
		       "\"w\": {\"shape\": [2], \"init\": \"zeros\"}}}"),
	};
	const char *optimizer = optimizer_at((size_t)_i)->name;
	size_t done = 0;
	for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
		done += steps_allocate_nothing(models[m], optimizer, "\"steps\": 40");
		done += m > 0 && steps_allocate_nothing(models[m], optimizer, "\"steps\": 40, \"batch_size\": 32");
	}
	ck_assert_msg(done > 0, "%s made no step", optimizer);
}
END_TEST

/* Nobody has asked the budget yet: what a job declares takes no memory. With each optimizer that asks of the form of
 * the objective, the choice of `auto`, and tensors that the job brings along. */
START_TEST(a_job_larger_than_any_memory_is_judged_without_it)
{
	static const char *const bodies[] = {
		"{\"model\": {\"type\": \"expression\", \"objective\": \"sum(p)**2 + sum(q) + sum(r @ r)\", "
		"\"parameters\": "
		"{\"p\": {\"shape\": [10000, 10000]}, \"q\": {\"shape\": [100000000], \"init\": 2.385}, \"r\": "
		"{\"shape\": "
		"[9999, 9999], \"init\": \"normal\"}}}, \"optimizer\": \"newton_cg\"}",
		"{\"model\": {\"type\": \"expression\", \"objective\": \"sum(outer(p, p))\", \"parameters\": {\"p\": "
		"{\"shape\": [30000]}}}}",
		PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"mlp\", \"layers\": "
		       "[{\"units\": "
		       "60000}, {\"units\": 60000}]}, \"optimizer\": \"muon\"}"),
		PEOPLE("\"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"gan\", \"generator\": {\"layers\": "
		       "[{\"units\": 30000}, {\"units\": 30000}]}}}"),
	};
	struct problem problem;
	struct job_spec *spec;
	problem_init(&problem);
	allocation_watch(0);
	const enum status status = people_resolve(bodies[_i], strlen(bodies[_i]), &people, &spec, &problem);
	const size_t most = allocation.most;
	ck_assert_msg(status == OK, "%s: %s", bodies[_i], problem.faults > 0 ? problem.fault[0].detail : "");
	ck_assert_msg(spec->memory_bytes > (uint64_t)4 << 30, "%llu", (unsigned long long)spec->memory_bytes);
	ck_assert_msg(most < 1 << 20, "%s: %zu bytes", bodies[_i], most);
	job_spec_destroy(spec);
	problem_fini(&problem);
}
END_TEST

/* One number said of many: as a bound it stays one; of constants there are so many in all, and then a fault. */
START_TEST(what_is_said_of_many_numbers_takes_no_memory_for_each)
{
	enum { MANY = 200 };
	struct problem problem;
	struct job_spec *spec;
	struct text body;
	text_init(&body);
	text_puts(&body, "{\"model\": {\"type\": \"expression\", \"objective\": \"sum(p1)\", \"parameters\": {");
	for (int i = 0; i < MANY; i++) {
		text_printf(&body, "%s\"p%d\": {\"shape\": [1000, 1000], \"init\": 1.5, %s}", i == 0 ? "" : ", ", i,
			    _i == 0 ? "\"min\": -2.385, \"max\": 2" : "\"trainable\": false");
	}
	text_puts(&body, "}}}");
	problem_init(&problem);
	allocation_watch(0);
	const enum status status = people_resolve(body.data, body.length, &people, &spec, &problem);
	const size_t most = allocation.most;
	ck_assert_int_eq(status, _i == 0 ? OK : E_INVALID);
	ck_assert_msg(most < (_i == 0 ? 1u << 20 : 10u << 20), "%zu bytes", most);
	if (_i == 1) {
		ck_assert_str_eq(problem.fault[0].pointer, "/model/parameters/p1/init");
		ck_assert_ptr_nonnull(strstr(problem.fault[0].detail, "at most 1000000"));
	}
	job_spec_destroy(spec);
	problem_fini(&problem);
	text_fini(&body);
}
END_TEST

START_TEST(vectors_for_samples_are_judged_wherever_memory_ends)
{
	const struct model_card card = { .features = 2 };
	double numbers[3] = { 1, 2, 2.385 };
	const struct sampling sampling = { .asked = true, .count = 1, .width = 3, .latents = numbers };
	for (size_t k = 1; k <= 3; k++) {
		struct problem problem;
		problem_init(&problem);
		allocation_watch(k);
		const enum status status = samples_fit(&card, 8, &sampling, &problem);
		ck_assert_msg(k == 1 ? status == E_MEMORY : status != OK, "allocation %zu: %d", k, status);
		allocation_watch(0);
		ck_assert_int_eq(samples_fit(&card, 3, &sampling, &problem), OK);
		problem_fini(&problem);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/allocation");
	TCase *tests = tcase_create("allocation");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, wherever_memory_ends_the_job_is_refused_for_memory, 0, JOBS);
	tcase_add_loop_test(tests, a_body_that_is_wrong_is_refused_wherever_memory_ends, 0, 4);
	tcase_add_loop_test(tests, inline_data_are_refused_for_memory_wherever_it_ends, 0, 2);
	tcase_add_loop_test(tests, an_evaluation_of_an_expression_survives_wherever_memory_ends, 0, 2);
	tcase_add_loop_test(tests, a_job_larger_than_any_memory_is_judged_without_it, 0, 4);
	tcase_add_loop_test(tests, what_is_said_of_many_numbers_takes_no_memory_for_each, 0, 2);
	tcase_add_test(tests, vectors_for_samples_are_judged_wherever_memory_ends);
	tcase_add_loop_test(tests, a_step_allocates_nothing, 0, (int)optimizer_type_count);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
