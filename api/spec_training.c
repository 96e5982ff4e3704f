/* Training (batches, budget, seed, precision) and direction. */
#include <math.h>
#include <string.h>

#include "api/answers.h"
#include "api/spec.h"

static const struct at at_training = { NULL, "training", 0 };

enum part {
	PART_BATCH,
	PART_EPOCHS,
	PART_STEPS,
	PART_SHUFFLE,
	PART_SEED,
	PART_DTYPE,
	PART_RESTARTS,
	PART_SAMPLING,
	PART_REDUCTION,
	PART_COUNT
};

/* Steps are counted in doubles here and there, and in milliseconds nowhere: what a double counts exactly. */
#define STEPS_MAX ((uint64_t)JSON_INTEGER_MAX)
enum { RESTARTS_MAX = 1000 }; /* all of them are listed in the job */

static bool has_layer(const struct layer_config *layers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(layers[i].type->name, name) == 0 ||
		    has_layer(layers[i].layers, layers[i].layer_count, name)) {
			return true;
		}
	}
	return false;
}

/* What learns nothing of a row that is alone. */
static void warn_of_single_rows(struct judge *judge)
{
	const struct job_spec *spec = judge->spec;
	const struct model_config *model = &spec->model;
	const uint64_t batch = spec->train.training.batch_size;
	if (judge->reader.problem->faults_total > 0 || !judge->shape_known || judge->rowless ||
	    (batch != 1 && (batch != 0 || spec->training_rows != 1))) {
		return;
	}
	if (has_layer(model->layers, model->layer_count, "batch_norm")) {
		judge_warn(judge,
			   "batch_norm compares the rows of a batch, and a batch of one row leaves 0 of every number "
			   "that is a channel of its own: take a larger batch_size, or layer_norm");
	}
	/* info_nce alone compares rows that hold pairs */
	const bool pairs = judge->model->embeds && model->loss != NULL && model_members(model) == 1;
	if (pairs || (judge->model->embeds && model->loss != NULL && model->loss->members == 2 &&
		      model->loss->target == TARGET_NONE)) {
		judge_warn(judge,
			   "%s compares the rows of a batch with one another, and a batch of one row holds nothing to "
			   "compare: take a larger batch_size",
			   model->loss->name);
	}
}

static void take_batch(struct judge *judge, const cJSON *item)
{
	struct training_config *training = &judge->spec->train.training;
	struct at at = { &at_training, "batch_size", 0 };
	uint64_t rows = judge->spec->training_rows;
	bool function = judge->rowless;
	training->batch_size = judge->couples != NULL ? 0 : default_batch_size(judge);
	if (item == NULL) {
		return;
	}
	if (cJSON_IsString(item)) {
		if (strcmp(item->valuestring, "full") == 0) {
			training->batch_size = 0;
		} else {
			reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, "full", (const char *[]){ "full", NULL },
				     "a number of rows or \"full\" is wanted");
		}
	} else if (function) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL, "%s has no rows to batch",
			     judge->spec->model.type != NULL && judge->spec->model.type->is_expression
				     ? "an objective without a dataset"
				     : "a function");
	} else if (read_integer(&judge->reader, &at, item, 1, STEPS_MAX, &training->batch_size) &&
		   judge->columns_known && rows > 0 && training->batch_size >= rows) {
		if (training->batch_size > rows) {
			judge_warn(judge,
				   "batch_size %llu is more than the %llu training rows: each update uses all of them",
				   (unsigned long long)training->batch_size, (unsigned long long)rows);
		}
		training->batch_size = 0;
	}
	if (training->batch_size > 0 && judge->couples != NULL) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, "full", NULL,
			     "the objective cannot be taken apart into rows, so that mini-batches would minimise "
			     "something else: %s. Train with \"batch_size\": \"full\"",
			     judge->couples);
	}
}

/* A budget; null is none. True when the job gave a number. */
static bool take_budget(struct judge *judge, const char *name, const cJSON *item, uint64_t *out)
{
	struct at at = { &at_training, name, 0 };
	*out = 0;
	return item != NULL && !cJSON_IsNull(item) && read_integer(&judge->reader, &at, item, 1, STEPS_MAX, out);
}

static void take_budgets(struct judge *judge, const struct field *fields)
{
	struct training_config *training = &judge->spec->train.training;
	struct at at_epochs = { &at_training, "epochs", 0 };
	bool function = judge->rowless;
	bool steps = take_budget(judge, "steps", fields[PART_STEPS].item, &training->steps);
	bool epochs = take_budget(judge, "epochs", fields[PART_EPOCHS].item, &training->epochs);
	if (epochs && function) {
		reader_fault(&judge->reader, &at_epochs, FAULT_NOT_ALLOWED, "steps", NULL,
			     "a function has no rows to pass over: give steps");
		training->epochs = 0;
	}
	const struct schedule_type *schedule = judge->spec->train.optimizer.schedule.type;
	if (!steps && !epochs && schedule != NULL && schedule->tests) {
		training->steps = default_test_steps();
	} else if (!steps && (function || judge->model == NULL)) {
		training->steps = default_steps(judge);
	} else if (!steps && !epochs) {
		training->epochs = default_epochs(judge, training->batch_size);
	}
	uint64_t per_epoch = training->batch_size == 0 ? 1 : judge->spec->training_rows / training->batch_size + 1;
	if (!judge->stored && training->epochs > STEPS_MAX / per_epoch) {
		reader_fault(&judge->reader, &at_epochs, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "so many passes make more than 9007199254740991 (2^53 - 1) updates");
		training->epochs = 1;
	}
}

static void take_restarts(struct judge *judge, const cJSON *item)
{
	struct at at = { &at_training, "restarts", 0 };
	struct training_config *training = &judge->spec->train.training;
	training->restarts = 1;
	if (item == NULL || !read_integer(&judge->reader, &at, item, 1, RESTARTS_MAX, &training->restarts) ||
	    training->restarts == 1) {
		return;
	}
	if (judge->spec->steps >= RESTART_STEPS || training->seed > STEPS_MAX - training->restarts) {
		reader_fault(&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "each of several runs has fewer than 2^40 updates, and seeds up to 2^53-1");
	}
	if (judge->spec->train.optimizer.schedule.type != NULL && judge->spec->train.optimizer.schedule.type->tests) {
		reader_fault(&judge->reader, &at, FAULT_NOT_ALLOWED, "1", NULL, "a test of learning rates runs once");
	}
}

void judge_training(struct judge *judge)
{
	static const char *const dtypes[] = { "float32", "float64", NULL };
	static const char *const directions[] = { "minimize", "maximize", NULL };
	struct training_config *training = &judge->spec->train.training;
	const cJSON *item = judge->top[TOP_TRAINING].item, *direction = judge->top[TOP_DIRECTION].item;
	struct at at_shuffle = { &at_training, "shuffle", 0 }, at_seed = { &at_training, "seed", 0 };
	struct at at_dtype = { &at_training, "dtype", 0 }, at_direction = { NULL, "direction", 0 };
	struct field fields[PART_COUNT] = {
		[PART_BATCH] = { .name = "batch_size" },  [PART_EPOCHS] = { .name = "epochs" },
		[PART_STEPS] = { .name = "steps" },       [PART_SHUFFLE] = { .name = "shuffle" },
		[PART_SEED] = { .name = "seed" },         [PART_DTYPE] = { .name = "dtype" },
		[PART_SAMPLING] = { .name = "sampling" }, [PART_REDUCTION] = { .name = "reduction" },
		[PART_RESTARTS] = { .name = "restarts" },
	};
	size_t index;
	if (item != NULL) {
		read_object(&judge->reader, &at_training, item, fields, PART_COUNT, NULL, NULL);
	}
	training->dtype = default_dtype(judge);
	training->shuffle = true;
	if (fields[PART_DTYPE].item != NULL &&
	    read_choice(&judge->reader, &at_dtype, fields[PART_DTYPE].item, dtypes, &index)) {
		training->dtype = index == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
	}
	if (fields[PART_SHUFFLE].item != NULL) {
		read_bool(&judge->reader, &at_shuffle, fields[PART_SHUFFLE].item, &training->shuffle);
	}
	if (fields[PART_SEED].item != NULL) {
		read_integer(&judge->reader, &at_seed, fields[PART_SEED].item, 0, STEPS_MAX, &training->seed);
	}
	take_batch(judge, fields[PART_BATCH].item);
	warn_of_single_rows(judge);
	take_budgets(judge, fields);
	judge_sampling(judge);
	if (direction != NULL && read_choice(&judge->reader, &at_direction, direction, directions, &index)) {
		judge->spec->train.direction = index == 0 ? MINIMIZE : MAXIMIZE;
	}
	judge->spec->steps = train_steps_total(training, judge->spec->training_rows);
	take_restarts(judge, fields[PART_RESTARTS].item);
}
