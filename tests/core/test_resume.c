/*
 * A run interrupted at any step and restored in a fresh trainer ends with the same bits: every optimizer with every
 * schedule and with every stopping rule, each x every kind of batch, in both precisions; and every optimizer with what
 * all of them take (bounds, decay, averages, replacement, sums).
 */
#include "tests/support/trial.h"
#include "tests/support/plans.h"
#include "tests/support/suite.h"

enum { BATCH_NO_ROWS, BATCH_FULL, BATCH_MINI, BATCH_FILE_ORDER, BATCHES };
/* What any optimizer takes beside its own settings. */
enum { COMMON_NOTHING, COMMON_EMA, COMMON_MEAN, COMMON_KINDS };
enum { STEPS = 14 };

struct combination {
	const char *optimizer, *schedule;
	int rule, batch;
	enum dtype dtype;
	int common;
};

static void set_common(struct trial *trial, int common)
{
	static double lower[TRIAL_FEATURES] = { 0.2385, -0.1, -0.5, -(double)INFINITY };
	static double upper[TRIAL_FEATURES] = { 3, 2, 0.4385, (double)INFINITY };
	static float lower32[TRIAL_FEATURES], upper32[TRIAL_FEATURES];
	struct train_config *config = &trial->setup.config;
	const bool decays = config->optimizer.type->iterate == NULL;

	config->optimizer.ema_decay = common == COMMON_EMA ? 0.785 : 0;
	config->optimizer.averaging = common == COMMON_MEAN;
	config->optimizer.average_after = 5;
	config->training.sum = trial->objective.base.rowed;
	config->training.replacement = config->training.batch_size != 0;
	config->optimizer.weight_decay = decays ? 0.0385 : 0; /* others refuse one */
	config->optimizer.decoupled = common == COMMON_MEAN;
	/* Not of the linear models, and not where an optimizer refuses it. */
	if (!trial->objective.base.rowed && !trial_needs(trial, NEEDS_NO_BOUNDS)) {
		const bool single = trial->objective.base.dtype == DTYPE_FLOAT32;
		for (size_t i = 0; i < TRIAL_FEATURES; i++) {
			lower32[i] = (float)lower[i];
			upper32[i] = (float)upper[i];
		}
		trial->objective.base.lower = single ? (void *)lower32 : (void *)lower;
		trial->objective.base.upper = single ? (void *)upper32 : (void *)upper;
	}
}

static void prepare(struct trial *trial, struct trial_data *data, const struct combination *c)
{
	static const double shape[] = { 2, TRIAL_FEATURES / 2 };

	trial_init(trial, STEPS);
	if (c->batch == BATCH_NO_ROWS && !trial_wants_rows(c->optimizer)) {
		trial_objective_init(&trial->objective, c->dtype, TRIAL_FEATURES, trial_bowl);
		trial->setup.config.training.dtype = c->dtype;
	} else {
		trial_rows(trial, data, c->dtype, c->batch == BATCH_FULL || c->batch == BATCH_NO_ROWS ? 0 : 4);
		trial->setup.config.training.shuffle = c->batch != BATCH_FILE_ORDER;
		trial->setup.validation = c->batch == BATCH_FILE_ORDER ? NULL : &data->validation;
	}
	trial_optimizer(trial, c->optimizer, c->schedule);
	trial_number_if(trial, "learning_rate", 0.085);
	trial_everything(&trial->setup.config.optimizer.settings);
	trial_shape(&trial->setup.config.optimizer.settings, shape);
	if (trial_needs(trial, NEEDS_FULL_BATCH)) {
		trial->setup.config.training.batch_size = 0;
	}
	trial->setup.config.optimizer.clip_grad_norm = 1.385;
	trial->setup.config.recording.every_steps = 2;
	trial->setup.config.recording.parameters = true;
	trial_schedule(trial);
	trial_rule(trial, c->rule);
	if (c->common != COMMON_NOTHING) {
		set_common(trial, c->common);
	}
}

/* The whole state, the points and their parameters are the same bits. */
static void same(const struct trial *a, const struct trial *b, uint64_t cut)
{
	size_t size, other;
	const void *state = trainer_state(a->trainer, &size), *resumed = trainer_state(b->trainer, &other);

	ck_assert_uint_eq(size, other);
	ck_assert_msg(memcmp(state, resumed, size) == 0, "another state after an interruption at step %lu",
		      (unsigned long)cut);
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_mem_eq(a->points, b->points, a->count * sizeof *a->points);
	ck_assert_mem_eq(a->parameters, b->parameters, a->count * a->objective.base.n * sizeof *a->parameters);
}

/* Interrupts before step `cut`, moves the state to a fresh trainer, and goes on. */
static void interrupt(const struct trial *whole, const struct combination *c, uint64_t cut)
{
	struct trial first, second;
	struct trial_data data, data_again;
	size_t size;

	prepare(&first, &data, c);
	trial_create(&first);
	if (cut > 0) {
		ck_assert_int_eq(trainer_advance(first.trainer, cut), OK);
		trial_take(&first);
	}
	const void *state = trainer_state(first.trainer, &size);
	prepare(&second, &data_again, c);
	trial_create(&second);
	ck_assert_int_eq(trainer_restore(second.trainer, state, size, NULL), OK);
	second.points = first.points;
	second.parameters = first.parameters;
	second.count = first.count;
	first.points = NULL;
	first.parameters = NULL;
	trial_end(&first);
	trial_finish(&second);
	same(whole, &second, cut);
	trial_end(&second);
}

static void check_combination(const struct combination *c, uint64_t stride)
{
	struct trial whole;
	struct trial_data data;

	prepare(&whole, &data, c);
	trial_run(&whole);
	const uint64_t steps = trial_progress(&whole).step;
	for (uint64_t cut = 0; cut <= steps + 1; cut += stride) {
		interrupt(&whole, c, cut);
	}
	trial_end(&whole);
}

START_TEST(any_interruption_of_any_run_leaves_the_same_bits)
{
	const char *optimizer = optimizer_at((size_t)_i)->name;
	const size_t most = schedule_type_count > RULES ? schedule_type_count : RULES;
	for (int batch = 0; batch < BATCHES; batch++) {
		/* Every schedule and every rule; the first optimizer: every pair of them. */
		for (size_t k = 0; k < (_i == 0 ? schedule_type_count * RULES : most); k++) {
			const size_t s = k % schedule_type_count;
			const int rule = (int)(_i == 0 ? k / schedule_type_count : (k + (size_t)_i) % RULES);
			const enum dtype dtype = (rule + batch) % 2 == 0 ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
			check_combination(&(struct combination){ optimizer, schedule_types[s]->name, rule, batch, dtype,
								 COMMON_NOTHING },
					  1);
		}
	}
}
END_TEST

START_TEST(what_any_optimizer_takes_is_interrupted_without_a_trace)
{
	const char *optimizer = optimizer_at((size_t)_i)->name;
	for (int common = COMMON_EMA; common < COMMON_KINDS; common++) {
		for (int batch = 0; batch < BATCH_FILE_ORDER; batch++) {
			const enum dtype dtype = (common + batch) % 2 == 0 ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
			check_combination(&(struct combination){ optimizer, "cosine", RULE_LOSS, batch, dtype, common },
					  1);
		}
	}
}
END_TEST

/* The rules of the loop above must do what they are there for. */
START_TEST(the_rules_of_that_test_end_runs)
{
	static const enum stop_reason reasons[RULES] = { STOP_STEPS,         STOP_GRADIENT_NORM,
							 STOP_LOSS_CHANGE,   STOP_PARAMETER_CHANGE,
							 STOP_TARGET_LOSS,   STOP_EARLY_STOPPING,
							 STOP_EARLY_STOPPING };
	size_t ended = 0;
	for (size_t o = 0; o < optimizer_type_count; o++) {
		for (int batch = 0; batch < BATCHES; batch++) {
			struct trial trial;
			struct trial_data data;
			prepare(&trial, &data,
				&(struct combination){ optimizer_at(o)->name, "constant", _i, batch, DTYPE_FLOAT64,
						       COMMON_NOTHING });
			ended += trial_run(&trial) == reasons[_i];
			trial_end(&trial);
		}
	}
	ck_assert_uint_ge(ended, 1);
}
END_TEST

/* Gives up at evaluation number `cancel_at`, goes on, and compares with a run that was left alone. */
START_TEST(a_cancelled_evaluation_leaves_the_state_of_the_last_whole_step)
{
	for (int batch = 0; batch < BATCHES; batch++) {
		const struct combination c = {
			optimizer_at((size_t)_i)->name, "cosine", RULE_EARLY, batch, DTYPE_FLOAT64, COMMON_NOTHING
		};
		struct trial whole;
		struct trial_data data;
		prepare(&whole, &data, &c);
		trial_run(&whole);
		for (size_t call = 1; call <= whole.objective.evaluations; call++) {
			struct trial trial;
			struct trial_data again;
			prepare(&trial, &again, &c);
			trial.objective.cancel_at = call;
			trial_create(&trial);
			ck_assert_int_eq(trainer_advance(trial.trainer, 100), E_CANCELLED);
			ck_assert_int_eq(trainer_reason(trial.trainer), STOP_NONE);
			trial_take(&trial);
			trial_finish(&trial);
			same(&whole, &trial, call);
			trial_end(&trial);
		}
		trial_end(&whole);
	}
}
END_TEST

START_TEST(a_state_of_another_configuration_is_refused)
{
	const struct combination c = { "adam", "cosine", RULE_NONE, BATCH_MINI, DTYPE_FLOAT64, COMMON_NOTHING };
	struct trial from, to;
	struct trial_data data, other;
	struct error error;
	size_t size;

	prepare(&from, &data, &c);
	trial_create(&from);
	const void *state = trainer_state(from.trainer, &size);
	for (int change = 0; change < 8; change++) {
		prepare(&to, &other, &c);
		struct train_config *config = &to.setup.config;
		switch (change) {
		case 0:
			trial_number(&to, "learning_rate", 0.0851);
			break;
		case 1:
			trial_setting(&config->optimizer.schedule.settings, "T_max")->number = 9;
			break;
		case 2:
			config->training.seed++;
			break;
		case 3:
			config->direction = MAXIMIZE;
			break;
		case 4:
			config->stopping.target_loss = 0.1;
			break;
		case 5:
			config->optimizer.clip_grad_value = 2;
			break;
		case 6:
			trial_number(&to, "amsgrad", 0);
			break;
		default:
			other.validation.rows--;
			break;
		}
		trial_create(&to);
		ck_assert_msg(trainer_restore(to.trainer, state, size, &error) == E_CORRUPT, "change %d", change);
		ck_assert_int_eq(error.status, E_CORRUPT);
		trial_end(&to);
	}
	trial_end(&from);
}
END_TEST

START_TEST(a_damaged_state_is_refused)
{
	const struct combination c = { "sgd", "constant", RULE_NONE, BATCH_FULL, DTYPE_FLOAT64, COMMON_NOTHING };
	struct trial trial;
	struct trial_data data;
	size_t size;

	prepare(&trial, &data, &c);
	trial_create(&trial);
	const void *state = trainer_state(trial.trainer, &size);
	char *copy = malloc(size);
	memcpy(copy, state, size);
	ck_assert_int_eq(trainer_restore(trial.trainer, copy, size - 1, NULL), E_CORRUPT);
	ck_assert_int_eq(trainer_restore(trial.trainer, copy, 8, NULL), E_CORRUPT);
	ck_assert_int_eq(trainer_restore(trial.trainer, copy, size, NULL), OK);
	copy[0] ^= 1;
	ck_assert_int_eq(trainer_restore(trial.trainer, copy, size, NULL), E_CORRUPT);
	free(copy);
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resume");
	TCase *bits = tcase_create("bits");
	tcase_set_timeout(bits, 120);
	tcase_add_loop_test(bits, any_interruption_of_any_run_leaves_the_same_bits, 0, (int)optimizer_type_count);
	tcase_add_loop_test(bits, what_any_optimizer_takes_is_interrupted_without_a_trace, 0,
			    (int)optimizer_type_count);
	tcase_add_loop_test(bits, the_rules_of_that_test_end_runs, 0, RULES);
	tcase_add_loop_test(bits, a_cancelled_evaluation_leaves_the_state_of_the_last_whole_step, 0,
			    (int)optimizer_type_count);
	suite_add_tcase(suite, bits);
	TCase *refused = tcase_create("refused");
	tcase_add_test(refused, a_state_of_another_configuration_is_refused);
	tcase_add_test(refused, a_damaged_state_is_refused);
	suite_add_tcase(suite, refused);
	return suite_run(suite);
}
