/* The optimizer of a job, its schedule and clipping. */
#include <math.h>
#include <string.h>

#include "api/spec.h"
#include "core/model/residual.h"

static const struct at at_optimizer = { NULL, "optimizer", 0 };
static const struct at at_schedule = { &at_optimizer, "schedule", 0 };

enum { PARTS_MAX = 100 };

/* The last two are there for some optimizers only: the optimizer's own word for the schedule, and a weight decay where
 * it has none of its own; in this order, without gaps. */
enum extra {
	EXTRA_SCHEDULE,
	EXTRA_CLIP_NORM,
	EXTRA_CLIP_EPS,
	EXTRA_CLIP_VALUE,
	EXTRA_EMA,
	EXTRA_AVERAGING,
	EXTRA_SAMPLING,
	EXTRA_REDUCTION,
	EXTRA_DECOUPLED,
	EXTRA_DISCRIMINATOR,
	EXTRA_AUTO,
	EXTRA_OTHERS,
	EXTRA_COUNT = EXTRA_OTHERS + 2
};

static const double clip_eps_default = 1e-6;

static double take_clip(struct judge *judge, const char *name, const cJSON *item)
{
	struct at at = { &at_optimizer, name, 0 };
	struct range above = { 0, (double)INFINITY, true, false, NULL };
	double value = (double)NAN;
	if (item != NULL && !cJSON_IsNull(item)) {
		read_real(&judge->reader, &at, item, above, &value);
	}
	return value;
}

static double take_clip_eps(struct judge *judge, const cJSON *item)
{
	struct at at = { &at_optimizer, "clip_eps", 0 };
	struct range from = { 0, (double)INFINITY, false, false, NULL };
	double value = clip_eps_default;
	if (item != NULL) {
		read_real(&judge->reader, &at, item, from, &value);
	}
	return value;
}

/* The schedule of a job, under either of its names. */
static const cJSON *schedule_item(struct judge *judge, const struct field *schedule, const struct field *word)
{
	struct at at = { &at_optimizer, word->name, 0 };
	if (word->item == NULL || cJSON_IsNull(word->item)) {
		return schedule->item;
	}
	if (schedule->item != NULL) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, "schedule", NULL,
			     "%s is another word for schedule: give one of them", word->name);
	}
	return word->item;
}

/* A schedule of an optimizer that has no learning rate. */
static void rate_wanted(struct judge *judge, const struct schedule_type *schedule)
{
	const struct optimizer_type *type = judge->spec->train.optimizer.type;
	if (type != NULL && optimizer_rate_index(type) == type->setting_count &&
	    strcmp(schedule->name, "constant") != 0) {
		reader_fault(&judge->reader, &at_schedule, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s finds its step lengths itself: it has no learning rate to schedule", type->name);
	}
}

/* A test of rates goes from a smaller one to a larger one. */
static void check_test(struct judge *judge, const struct schedule_config *schedule)
{
	struct at at = { &at_schedule, "end_lr", 0 };
	if (schedule->type->tests && judge->reader.problem->faults_total == 0 &&
	    !(settings_number(&schedule->settings, "end_lr") > settings_number(&schedule->settings, "start_lr"))) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "the last rate has to be larger than the first, start_lr = %g",
			     settings_number(&schedule->settings, "start_lr"));
	}
}

/* A schedule that watches the validation loss needs one. */
static void check_metric(struct judge *judge, const struct schedule_config *schedule)
{
	struct at at = { &at_schedule, "metric", 0 };
	const struct job_spec *spec = judge->spec;
	if (schedule->type->observe != NULL && judge->reader.problem->faults_total == 0 &&
	    settings_number(&schedule->settings, "metric") == SCHEDULE_METRIC_VALIDATION &&
	    !(spec->validation_fraction > 0) && spec->validation_id[0] == '\0') {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "nothing is validated: give dataset.validation_fraction or dataset.validation, or watch "
			     "train_loss");
	}
}

/* A schedule's settings, warm-up and unit from `item` (NULL: all defaults); the list of a chain's parts, or NULL. */
static const cJSON *read_schedule(struct judge *judge, const struct at *at, const cJSON *item, long index,
				  struct schedule_config *schedule)
{
	static const char *const pers[] = { "step", "epoch", NULL };
	enum { WARMUP, PER, SCHEDULES };
	struct at at_warmup = { at, "warmup_steps", 0 }, at_per = { at, "per", 0 };
	struct field extra[] = {
		[WARMUP] = { .name = "warmup_steps" }, [PER] = { .name = "per" }, [SCHEDULES] = { .name = "schedules" }
	};
	size_t per;
	schedule->type = judge->schedules.entries[index].type;
	typed_read(judge, at, item, &judge->schedules, index, extra, schedule->type->chains ? 3 : 2,
		   &schedule->settings);
	if (extra[WARMUP].item != NULL) {
		read_integer(&judge->reader, &at_warmup, extra[WARMUP].item, 0, (uint64_t)JSON_INTEGER_MAX,
			     &schedule->warmup_steps);
	}
	if (extra[PER].item != NULL && read_choice(&judge->reader, &at_per, extra[PER].item, pers, &per)) {
		schedule->per_epoch = per == 1;
	}
	return schedule->type->chains ? extra[SCHEDULES].item : NULL;
}

/* One schedule of a chain. */
static void take_part(struct judge *judge, const struct at *at, const cJSON *item, struct schedule_config *part)
{
	long index = typed_find(judge, at, item, &judge->schedules, -1, false);
	const struct schedule_type *constant = schedule_find("constant");
	part->type = constant;
	if (index < 0) {
		return;
	}
	const struct schedule_type *type = judge->schedules.entries[index].type;
	if (type->chains || type->tests || type->observe != NULL) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, NULL, NULL, "%s cannot be part of a chain",
			     type->name);
		return;
	}
	read_schedule(judge, at, item, index, part);
}

/* The milestones of a chain: one less than its schedules, in order; or none. */
static void check_milestones(struct judge *judge, const struct schedule_config *schedule)
{
	struct at at = { &at_schedule, "milestones", 0 };
	const struct setting_value *milestones = &schedule->settings.value[CHAIN_MILESTONES];
	bool rising = true;
	for (size_t i = 0; i < milestones->rows; i++) {
		rising = rising && milestones->values[i] == floor(milestones->values[i]) &&
			 (i == 0 || milestones->values[i] > milestones->values[i - 1]);
	}
	if (milestones->rows > 0 && (!rising || milestones->rows + 1 != schedule->parts)) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "%zu schedules one after another need %zu rising whole numbers, where each but the first "
			     "begins; all at once need none",
			     schedule->parts, schedule->parts - 1);
	}
}

static void take_parts(struct judge *judge, const cJSON *list, struct schedule_config *schedule)
{
	struct at at = { &at_schedule, "schedules", 0 };
	const size_t count = list != NULL && cJSON_IsArray(list) ? json_count(list) : 0;
	size_t i = 0;
	if (count < 1 || count > PARTS_MAX) {
		reader_fault(&judge->reader, &at,
			     list == NULL          ? FAULT_MISSING
			     : cJSON_IsArray(list) ? FAULT_OUT_OF_RANGE
						   : FAULT_WRONG_TYPE,
			     NULL, NULL, "a chain needs a list of 1 to %d schedules", PARTS_MAX);
		return;
	}
	struct schedule_config *parts = arena_alloc(judge->reader.arena, count, sizeof *parts);
	if (parts == NULL) {
		judge->failed = true;
		return;
	}
	memset(parts, 0, count * sizeof *parts);
	for (const cJSON *item = list->child; item != NULL; item = item->next, i++) {
		struct at at_part = { &at, NULL, i };
		take_part(judge, &at_part, item, &parts[i]);
	}
	schedule->part = parts;
	schedule->parts = count;
	if (judge->reader.problem->faults_total == 0) {
		check_milestones(judge, schedule);
	}
}

static void take_schedule(struct judge *judge, const cJSON *item)
{
	struct schedule_config *schedule = &judge->spec->train.optimizer.schedule;
	if (item != NULL && cJSON_IsNull(item)) {
		item = NULL;
	}
	const char *word = item == NULL ? default_schedule(judge) : "constant";
	long preset = kind_find(&judge->schedules, word);
	long index = typed_find(judge, &at_schedule, item, &judge->schedules, preset < 0 ? 0 : preset, false);
	if (index < 0) {
		index = preset < 0 ? 0 : preset;
		item = NULL;
	}
	rate_wanted(judge, judge->schedules.entries[index].type);
	const cJSON *parts = read_schedule(judge, &at_schedule, item, index, schedule);
	if (schedule->type->chains) {
		take_parts(judge, parts, schedule);
	}
	check_metric(judge, schedule);
	check_test(judge, schedule);
}

/* What the optimizer itself says of its settings together. */
static void check_settings(struct judge *judge, const struct optimizer_config *config)
{
	struct error error;
	const char *setting = "type";
	if (config->type->check != NULL && judge->reader.problem->faults_total == 0 &&
	    !arena_failed(judge->reader.arena) && config->type->check(&config->settings, &setting, &error) != OK) {
		struct at at = { &at_optimizer, setting, 0 };
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL, "%s", error.text);
	}
}

/* An optimizer that works on the residuals of the rows. */
static void judge_squares(struct judge *judge, const struct at *at)
{
	const struct job_spec *spec = judge->spec;
	const char *name = spec->train.optimizer.type->name;
	struct error error;
	if (spec->train.direction == MAXIMIZE) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, "lbfgs", NULL,
			     "%s makes squares small, not large: use lbfgs", name);
	} else if (judge->shape_known && judge->reader.problem->faults_total == 0 &&
		   model_squares_check(&spec->model, &spec->shape, &error) != OK) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, "lbfgs", NULL,
			     "%s needs a sum of squares (mse or squared_error of one target, or an objective "
			     "mean((y - f)**2)), and %s: use lbfgs or newton",
			     name, error.text);
	}
}

/* Whether a job gives the optimizer what it needs; what to use instead where it does not. */
void judge_needs(struct judge *judge)
{
	const struct optimizer_config *config = &judge->spec->train.optimizer;
	const cJSON *item = judge->top[TOP_OPTIMIZER].item;
	struct at at_type = { &at_optimizer, "type", 0 };
	const struct at *at = item != NULL && cJSON_IsObject(item) ? &at_type : &at_optimizer;
	bool function = judge->model != NULL && judge->model->is_function;
	if (config->type == NULL) {
		return;
	}
	unsigned needs = optimizer_needs(config->type, &config->settings);
	if ((needs & NEEDS_FULL_BATCH) && judge->spec->train.training.batch_size != 0 &&
	    (judge->columns_known || function)) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, "adam", NULL,
			     "%s compares values of the objective, so every update must see all rows: set "
			     "training.batch_size to \"full\", or use sgd or adam for mini-batches",
			     config->type->name);
	}
	if (needs & NEEDS_SQUARES) {
		judge_squares(judge, at);
	}
	if ((needs & NEEDS_NO_BOUNDS) && judge->spec->train.bounded) {
		reader_fault(
			&judge->reader, at, FAULT_NOT_ALLOWED, "lbfgsb", NULL,
			"%s cannot keep to the bounds min and max: use lbfgsb, or adam or sgd, which are projected",
			config->type->name);
	}
	if ((needs & NEEDS_QUADRATIC) && judge->shape_known && judge->reader.problem->faults_total == 0 &&
	    !model_is_quadratic(&judge->spec->model)) {
		reader_fault(&judge->reader, at, FAULT_NOT_ALLOWED, "lbfgs", NULL,
			     "%s with these settings needs a quadratic objective (the functions quadratic, booth, "
			     "matyas and "
			     "matrix_lsq, or a linear_regression without l1): use lbfgs, or another variant",
			     config->type->name);
	}
}

/* The second rate of a game (two time-scales; Heusel et al. 2017). */
static void take_discriminator_rate(struct judge *judge, const cJSON *item, const struct setting_value *rate)
{
	struct at at = { &at_optimizer, "discriminator_learning_rate", 0 };
	const struct range above = { 0, (double)INFINITY, true, true, NULL };
	if (item == NULL && rate != NULL && !rate->given) {
		judge->spec->train.optimizer.discriminator_rate = default_discriminator_rate(judge, rate->number);
	}
	if (item == NULL || cJSON_IsNull(item)) {
		return;
	}
	if (judge->model != NULL && !judge->model->plays) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s has no discriminator: learning_rate is that of all its parameters",
			     judge->model->name);
	} else if (rate == NULL || isnan(rate->number)) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "there is no learning_rate that a schedule would scale beside it: give one");
	} else {
		read_real(&judge->reader, &at, item, above, &judge->spec->train.optimizer.discriminator_rate);
	}
}

void judge_optimizer(struct judge *judge)
{
	struct optimizer_config *config = &judge->spec->train.optimizer;
	const cJSON *item = judge->top[TOP_OPTIMIZER].item;
	struct field extra[EXTRA_COUNT] = {
		[EXTRA_SCHEDULE] = { .name = "schedule" },
		[EXTRA_CLIP_NORM] = { .name = "clip_grad_norm" },
		[EXTRA_CLIP_EPS] = { .name = "clip_eps" },
		[EXTRA_CLIP_VALUE] = { .name = "clip_grad_value" },
		[EXTRA_EMA] = { .name = "ema_decay" },
		[EXTRA_AVERAGING] = { .name = "averaging" },
		[EXTRA_SAMPLING] = { .name = "sampling" },
		[EXTRA_REDUCTION] = { .name = "reduction" },
		[EXTRA_DECOUPLED] = { .name = "decoupled_weight_decay" },
		[EXTRA_DISCRIMINATOR] = { .name = "discriminator_learning_rate" },
		[EXTRA_AUTO] = { .name = "auto" },
	};
	const bool automatic = auto_wanted(item);
	const struct auto_choice choice = automatic ? auto_choose(judge) : (struct auto_choice){ NULL, NULL };
	long index = automatic ? kind_find(&judge->optimizers, choice.type)
			       : typed_find(judge, &at_optimizer, item, &judge->optimizers, -1, false);
	bool object = item != NULL && cJSON_IsObject(item);
	judge->optimizer_named = !automatic || (object && cJSON_HasObjectItem(item, "learning_rate"));
	if (index < 0) {
		/* Nothing is known of its settings; but schedule and clipping can be judged. */
		const cJSON *schedule = object ? cJSON_GetObjectItemCaseSensitive(item, "schedule") : NULL;
		take_schedule(judge, schedule);
		return;
	}
	config->type = judge->optimizers.entries[index].type;
	struct field none = { 0 }, *word = &none, *decay = &none;
	size_t extras = EXTRA_OTHERS;
	if (config->type->schedule_word != NULL) {
		word = &extra[extras++];
		word->name = config->type->schedule_word;
	}
	if (!optimizer_has_decay(config->type)) {
		decay = &extra[extras++];
		decay->name = "weight_decay";
	}
	struct setting_value *values =
		typed_read(judge, &at_optimizer, item, &judge->optimizers, index, extra, extras, &config->settings);
	judge->auto_why = automatic ? choice.why : auto_kept(judge, config->type->name, extra[EXTRA_AUTO].item);
	struct setting_value *rate = value_find(&config->settings, values, "learning_rate");
	if (rate != NULL && !rate->given) {
		rate->number = default_learning_rate(judge, config->type->name, rate->number);
	}
	struct setting_value *betas = value_find(&config->settings, values, "betas");
	const double *settled = default_betas(judge, config->type->name);
	if (betas != NULL && !betas->given && settled != NULL) {
		betas->values = settled;
	}
	take_discriminator_rate(judge, extra[EXTRA_DISCRIMINATOR].item, rate);
	config->clip_grad_norm = take_clip(judge, "clip_grad_norm", extra[EXTRA_CLIP_NORM].item);
	config->clip_eps = take_clip_eps(judge, extra[EXTRA_CLIP_EPS].item);
	config->clip_grad_value = take_clip(judge, "clip_grad_value", extra[EXTRA_CLIP_VALUE].item);
	judge_decay(judge, decay->item, extra[EXTRA_DECOUPLED].item);
	judge_averages(judge, extra[EXTRA_EMA].item, extra[EXTRA_AVERAGING].item);
	take_schedule(judge, schedule_item(judge, &extra[EXTRA_SCHEDULE], word));
	check_settings(judge, config);
}
