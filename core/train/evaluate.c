/*
 * Metrics of a set of rows: the loss by the objective itself, accuracy or errors from its predictions,
 * made in blocks of rows into the trainer's scratch and summed row by row, so that the bits depend on no thread.
 */
#include <math.h>
#include <string.h>

#include "core/objective/game.h"
#include "core/train/internal.h"

#define REAL_IS_FLOAT 1
#include "core/train/evaluate.inc.c"
#define REAL_IS_FLOAT 0
#include "core/train/evaluate.inc.c"

/* Numbers that a block of predictions holds, unless one row has more. */
enum { OUTPUT_BLOCK = 65536 };

size_t evaluate_rows(size_t outputs)
{
	return outputs < OUTPUT_BLOCK ? OUTPUT_BLOCK / (outputs == 0 ? 1 : outputs) : 1;
}

size_t evaluate_sums(size_t outputs)
{
	return outputs <= SIZE_MAX / 3 ? 3 * outputs : SIZE_MAX;
}

static enum status loss_of(struct trainer *trainer, const void *theta, const struct data_view *data, double *loss)
{
	struct objective *objective = trainer->setup.objective;
	const struct batch all = { .data = data,
				   .count = data != NULL ? data->rows : 0,
				   .sum = trainer->setup.config.training.sum };
	return objective->type->evaluate(objective, theta, objective->rowed ? &all : NULL, trainer->setup.executor,
					 loss, NULL);
}

static bool is_classifier(const struct trainer *trainer, const struct data_view *data)
{
	const size_t outputs = trainer->setup.objective->outputs;
	return trainer->outputs != NULL && !trainer->setup.objective->unscored && data != NULL && data->label != NULL &&
	       data->rows > 0 && (outputs == data->classes || (outputs == 1 && data->classes == 2));
}

static bool is_regression(const struct trainer *trainer, const struct data_view *data)
{
	return trainer->outputs != NULL && !trainer->setup.objective->unscored && data != NULL && data->label == NULL &&
	       data->y != NULL && data->rows > 0 &&
	       data->targets == link_numbers(trainer->setup.objective->link, trainer->setup.objective->outputs);
}

/* Predictions of rows first.. into the scratch; *count rows of them. */
static enum status predict_block(struct trainer *trainer, const void *theta, const struct data_view *data, size_t first,
				 size_t *count)
{
	struct objective *objective = trainer->setup.objective;
	const size_t left = data->rows - first;
	*count = left < trainer->outputs_rows ? left : trainer->outputs_rows;
	const struct batch batch = { .data = data, .first = first, .count = *count };
	if (executor_stopped(trainer->setup.executor)) {
		return E_CANCELLED;
	}
	return objective->type->predict(objective, theta, &batch, trainer->setup.executor, trainer->outputs);
}

static enum status accuracy_of(struct trainer *trainer, const void *theta, const struct data_view *data,
			       double *accuracy)
{
	const size_t columns = trainer->setup.objective->outputs;
	size_t right = 0, count;

	for (size_t first = 0; first < data->rows; first += count) {
		const enum status status = predict_block(trainer, theta, data, first, &count);
		if (status != OK) {
			return status;
		}
		right += trainer->dtype == DTYPE_FLOAT32
				 ? count_right_f32(trainer->outputs, count, columns, data->label + first)
				 : count_right_f64(trainer->outputs, count, columns, data->label + first);
	}
	*accuracy = (double)right / (double)data->rows;
	return OK;
}

/* 1 - squares / spread; a constant target counts 1 when met exactly, else 0 (as scikit-learn's r2_score). */
static double determination(double squares, double spread)
{
	if (spread == 0) {
		return squares == 0 ? 1 : 0;
	}
	return 1 - squares / spread;
}

/* Errors of predictions, which the outputs become in place by way of the link. */
static enum status errors_of(struct trainer *trainer, const void *theta, const struct data_view *data,
			     struct evaluation *out)
{
	const size_t outputs = trainer->setup.objective->outputs, columns = data->targets;
	const enum link link = trainer->setup.objective->link;
	const bool single = trainer->dtype == DTYPE_FLOAT32;
	double *mean = trainer->target_sums, *spread = mean + columns, *squares = spread + columns;
	double sizes = 0, square_sum = 0, r2 = 0;
	size_t count;

	memset(trainer->target_sums, 0, evaluate_sums(columns) * sizeof(double));
	if (single) {
		target_spread_f32(data->y, data->rows, columns, mean, spread);
	} else {
		target_spread_f64(data->y, data->rows, columns, mean, spread);
	}
	for (size_t first = 0; first < data->rows; first += count) {
		const enum status status = predict_block(trainer, theta, data, first, &count);
		if (status != OK) {
			return status;
		}
		if (single) {
			link_apply_f32(link, count, outputs, trainer->outputs, trainer->outputs);
		} else {
			link_apply_f64(link, count, outputs, trainer->outputs, trainer->outputs);
		}
		sizes += single ? add_errors_f32(trainer->outputs, (const float *)data->y + first * columns, count,
						 columns, squares)
				: add_errors_f64(trainer->outputs, (const double *)data->y + first * columns, count,
						 columns, squares);
	}
	for (size_t c = 0; c < columns; c++) {
		square_sum += squares[c];
		r2 += determination(squares[c], spread[c]);
	}
	const double numbers = (double)data->rows * (double)columns;
	out->rmse = sqrt(square_sum / numbers);
	out->mae = sizes / numbers;
	out->r2 = r2 / (double)columns;
	return OK;
}

enum status evaluate_validation(struct trainer *trainer, double *loss, double *accuracy, bool *classifier)
{
	const struct data_view *data = trainer->setup.validation;
	const enum status status = loss_of(trainer, trainer->theta, data, loss);

	*classifier = is_classifier(trainer, data);
	*accuracy = NAN;
	if (status != OK || !*classifier) {
		return status;
	}
	return accuracy_of(trainer, trainer->theta, data, accuracy);
}

/* What each player minimises. */
static enum status losses_of(struct trainer *trainer, const void *theta, const struct data_view *data,
			     struct evaluation *out)
{
	const struct batch all = { .data = data,
				   .count = data != NULL ? data->rows : 0,
				   .sum = trainer->setup.config.training.sum };
	double *losses[PLAYERS] = { [DISCRIMINATOR] = &out->discriminator_loss, [GENERATOR] = &out->generator_loss };
	enum status status = OK;
	for (size_t p = 0; p < PLAYERS && status == OK; p++) {
		struct objective *player = trainer->game->player[p].objective;
		status = player->type->evaluate(player, theta, &all, trainer->setup.executor, losses[p], NULL);
	}
	return status;
}

enum status trainer_evaluate(struct trainer *trainer, const void *theta, const struct data_view *data,
			     struct evaluation *out)
{
	*out = (struct evaluation){ .loss = NAN,
				    .accuracy = NAN,
				    .rmse = NAN,
				    .mae = NAN,
				    .r2 = NAN,
				    .game = trainer->game != NULL,
				    .generator_loss = NAN,
				    .discriminator_loss = NAN };
	if (trainer->game != NULL) {
		return losses_of(trainer, theta, data, out);
	}
	enum status status = loss_of(trainer, theta, data, &out->loss);
	if (status == OK && is_classifier(trainer, data)) {
		status = accuracy_of(trainer, theta, data, &out->accuracy);
	} else if (status == OK && is_regression(trainer, data)) {
		status = errors_of(trainer, theta, data, out);
	}
	return status;
}
