/*
 * What a job may say beside any optimizer: weight decay, averages of the parameters, how batches are drawn and losses
 * are put together, bounds.
 */
#include <math.h>
#include <string.h>

#include "api/spec.h"
#include "core/model/expression.h"

static const struct at at_optimizer = { NULL, "optimizer", 0 };

static bool is_given(const cJSON *item)
{
	return item != NULL && !cJSON_IsNull(item);
}

void judge_decay(struct judge *judge, const cJSON *amount, const cJSON *decoupled)
{
	struct optimizer_config *config = &judge->spec->train.optimizer;
	struct at at_amount = { &at_optimizer, "weight_decay", 0 };
	struct at at_decoupled = { &at_optimizer, "decoupled_weight_decay", 0 };
	const bool own = optimizer_has_decay(config->type);
	if (own && config->settings.count == 0) {
		return; /* there was no memory for its settings: refused for that */
	}
	const struct range range = { 0, (double)INFINITY, false, true, NULL };
	double decay = own ? settings_number(&config->settings, "weight_decay") : 0;
	if (!own && is_given(amount)) {
		read_real(&judge->reader, &at_amount, amount, range, &decay);
	}
	if (is_given(decoupled)) {
		read_bool(&judge->reader, &at_decoupled, decoupled, &config->decoupled);
	}
	judge->decay_said = is_given(decoupled);
	if (decay != 0 && config->type->iterate != NULL) {
		reader_fault(
			&judge->reader, &at_amount, FAULT_NOT_ALLOWED, NULL, NULL,
			"%s looks at values of the objective, which a weight decay is no part of: write the penalty "
			"into the objective (l2 of a linear model), or use adamw or sgdw",
			config->type->name);
	} else if (!own || judge->decay_said) {
		config->weight_decay = decay;
	}
}

void judge_averages(struct judge *judge, const cJSON *ema, const cJSON *averaging)
{
	struct optimizer_config *config = &judge->spec->train.optimizer;
	struct at at_ema = { &at_optimizer, "ema_decay", 0 }, at_averaging = { &at_optimizer, "averaging", 0 };
	struct at at_from = { &at_averaging, "from_step", 0 };
	const struct range share = { 0, 1, false, true, NULL };
	struct field from = { .name = "from_step" };
	uint64_t first = 1;
	if (is_given(ema)) {
		read_real(&judge->reader, &at_ema, ema, share, &config->ema_decay);
	}
	if (is_given(averaging) && cJSON_IsObject(averaging)) {
		config->averaging = read_object(&judge->reader, &at_averaging, averaging, &from, 1, NULL, NULL);
		if (from.item != NULL) {
			read_integer(&judge->reader, &at_from, from.item, 1, (uint64_t)JSON_INTEGER_MAX, &first);
		}
	} else if (is_given(averaging) && cJSON_IsString(averaging) && strcmp(averaging->valuestring, "polyak") == 0) {
		config->averaging = true;
	} else if (is_given(averaging) && cJSON_IsBool(averaging)) {
		config->averaging = cJSON_IsTrue(averaging);
	} else if (is_given(averaging)) {
		reader_fault(&judge->reader, &at_averaging, FAULT_WRONG_TYPE, NULL, NULL,
			     "true, false, \"polyak\" or {\"from_step\": 1} is wanted");
	}
	config->average_after = first - 1;
	if (config->averaging && config->ema_decay > 0) {
		reader_fault(&judge->reader, &at_averaging, FAULT_NOT_ALLOWED, NULL, NULL,
			     "one average is kept: either ema_decay or averaging");
	}
}

static const char *const samplings[] = { "without_replacement", "replacement", NULL };
static const char *const reductions[] = { "mean", "sum", NULL };

/* A word that stands in `optimizer`, or in `training`. */
static bool second_word(struct judge *judge, const char *name, const char *const *words, struct at *where)
{
	static const struct at at_training = { NULL, "training", 0 };
	const cJSON *const places[] = { judge->top[TOP_OPTIMIZER].item, judge->top[TOP_TRAINING].item };
	bool second = false;
	for (size_t i = 0; i < 2; i++) {
		const struct at at = { i == 0 ? &at_optimizer : &at_training, name, 0 };
		const cJSON *item =
			cJSON_IsObject(places[i]) ? cJSON_GetObjectItemCaseSensitive(places[i], name) : NULL;
		size_t index = 0;
		if (is_given(item) && read_choice(&judge->reader, &at, item, words, &index) && index == 1) {
			second = true;
			*where = at;
		}
	}
	return second;
}

void judge_sampling(struct judge *judge)
{
	struct training_config *training = &judge->spec->train.training;
	const struct expression_config *expression = judge->spec->model.expression;
	struct at at_sampling, at_reduction;
	training->replacement = second_word(judge, "sampling", samplings, &at_sampling);
	training->sum = second_word(judge, "reduction", reductions, &at_reduction);
	if (training->replacement && training->batch_size == 0 && (judge->rowless || judge->columns_known) &&
	    !judge->stored) {
		reader_fault(&judge->reader, &at_sampling, FAULT_NOT_ALLOWED, "without_replacement", NULL,
			     "rows are drawn for mini-batches, and here every update sees all rows: set "
			     "training.batch_size to a number below that of the training rows");
	}
	if (training->sum && judge->rowless) {
		reader_fault(&judge->reader, &at_reduction, FAULT_NOT_ALLOWED, "mean", NULL,
			     "there are no rows whose losses could be added");
	} else if (training->sum && judge->spec->train.optimizer.type != NULL &&
		   judge->spec->train.optimizer.type->iterate != NULL) {
		reader_fault(&judge->reader, &at_reduction, FAULT_NOT_ALLOWED, "mean", NULL,
			     "%s looks for the minimum, which is that of the mean: leave reduction to sgd and its kin",
			     judge->spec->train.optimizer.type->name);
	} else if (training->sum && expression != NULL && expression->objective != NULL) {
		reader_fault(&judge->reader, &at_reduction, FAULT_NOT_ALLOWED, "mean", NULL,
			     "an objective says itself how its rows are put together: write sum(...) in place of "
			     "mean(...)");
	}
}

void common_render(const struct judge *judge, struct text *out)
{
	const struct job_spec *spec = judge->spec;
	const struct optimizer_config *config = &spec->train.optimizer;
	if (!optimizer_has_decay(config->type)) {
		text_puts(out, ",\"weight_decay\":");
		text_json_double(out, config->weight_decay);
	}
	text_printf(out, ",\"decoupled_weight_decay\":%s",
		    !judge->decay_said  ? "null"
		    : config->decoupled ? "true"
					: "false");
	text_puts(out, ",\"ema_decay\":");
	text_json_double(out, config->ema_decay > 0 ? config->ema_decay : (double)NAN);
	text_puts(out, ",\"averaging\":");
	if (config->averaging && config->average_after > 0) {
		text_puts(out, "{\"from_step\":");
		text_json_uint(out, config->average_after + 1);
		text_puts(out, "}");
	} else {
		text_json_bool(out, config->averaging);
	}
	text_printf(out, ",\"sampling\":\"%s\",\"reduction\":\"%s\"",
		    samplings[spec->train.training.replacement ? 1 : 0], reductions[spec->train.training.sum ? 1 : 0]);
}

/* Numbers and nulls of a tree of lists, in order, as many as there is room for; their number. SIZE_MAX: something else
 * stands there. */
static size_t flatten(const cJSON *item, double none, double *out, size_t room)
{
	size_t count = 0;
	for (; item != NULL; item = item->next) {
		if (cJSON_IsArray(item)) {
			const size_t more = flatten(item->child, none, out + count, room - count);
			if (more > room - count) {
				return SIZE_MAX;
			}
			count += more;
		} else if ((cJSON_IsNumber(item) || cJSON_IsNull(item)) && count < room) {
			out[count++] = cJSON_IsNumber(item) ? item->valuedouble : none;
		} else {
			return SIZE_MAX;
		}
	}
	return count;
}

const double *bounds_read(struct judge *judge, const struct at *at, const cJSON *item, size_t size, double none)
{
	double *numbers = arena_alloc(judge->reader.arena, size, sizeof *numbers), all = none;
	const struct range any = { (double)-INFINITY, (double)INFINITY, false, false, NULL };
	if (numbers == NULL) {
		return NULL;
	}
	if (item != NULL && cJSON_IsArray(item)) {
		if (flatten(item->child, none, numbers, size) != size) {
			reader_fault(
				&judge->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
				"a number for all, or a list of %zu numbers, null where there is no bound, is wanted",
				size);
		}
		return numbers;
	}
	if (is_given(item)) {
		read_real(&judge->reader, at, item, any, &all);
	}
	for (size_t i = 0; i < size; i++) {
		numbers[i] = all;
	}
	return numbers;
}

bool bounds_check(struct judge *judge, const struct at *at, const double *lower, size_t lowers, const double *upper,
		  size_t uppers)
{
	for (size_t i = 0; i < lowers || i < uppers; i++) {
		const double least = lower[lowers > 1 ? i : 0], most = upper[uppers > 1 ? i : 0];
		if (!(least <= most)) {
			reader_fault(&judge->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "min is greater than max: %.17g and %.17g at place %zu", least, most, i);
			return false;
		}
	}
	return true;
}
