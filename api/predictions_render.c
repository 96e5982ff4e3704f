/*
 * Predictions as an answer. Of a classifier: the class, the probabilities, the outputs before the link function (one
 * column: the log-odds of the second class, or with a hinge loss its side of the margin, which has no probability;
 * more: softmax). Of a regression: the numbers, by way of the loss's link, and with a gaussian loss their standard
 * deviations. Of an autoencoder: the row again, the code. Of embeddings: those of points; of rows that hold several the
 * distances between them. They have no metrics.
 * Of a gan: the discriminator's verdict.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/answers.h"

/* Probabilities of one row: p[0..classes). No overflow for any finite outputs. */
static void probabilities_of(const double *outputs, size_t columns, size_t classes, double *p)
{
	if (columns == 1 && classes == 2) {
		double e = exp(-fabs(outputs[0]));
		double likely = 1 / (1 + e), unlikely = e / (1 + e);
		p[1] = outputs[0] >= 0 ? likely : unlikely;
		p[0] = outputs[0] >= 0 ? unlikely : likely;
		if (isnan(outputs[0])) {
			p[0] = p[1] = (double)NAN;
		}
		return;
	}
	double most = (double)-INFINITY, sum = 0;
	for (size_t k = 0; k < classes; k++) {
		most = fmax(most, outputs[k]);
	}
	for (size_t k = 0; k < classes; k++) {
		p[k] = exp(outputs[k] - most);
		sum += p[k];
	}
	for (size_t k = 0; k < classes; k++) {
		p[k] /= sum;
	}
}

/* Do the outputs of a row name a class? Not when one is NaN, or none is the largest for being infinite. */
static bool decided(const double *outputs, size_t columns)
{
	double most = (double)-INFINITY;
	for (size_t k = 0; k < columns; k++) {
		if (isnan(outputs[k])) {
			return false;
		}
		most = fmax(most, outputs[k]);
	}
	return columns == 1 || isfinite(most);
}

/* The class of a row that is decided: the second of two when its log-odds are above 0, the first of the largest outputs
 * else. */
static size_t class_of(const double *outputs, size_t columns)
{
	size_t best = 0;
	if (columns == 1) {
		return outputs[0] > 0;
	}
	for (size_t k = 1; k < columns; k++) {
		if (outputs[k] > outputs[best]) {
			best = k;
		}
	}
	return best;
}

static void numbers_render(struct text *out, const double *numbers, size_t count)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_double(out, numbers[i]);
	}
	text_puts(out, "]");
}

static void class_render(struct text *out, const struct model_card *card, size_t index)
{
	if (card->class_number != NULL) {
		text_json_double(out, card->class_number[index]);
	} else {
		text_json_string(out, card->class_text[index]);
	}
}

static void classes_render(const struct model_card *card, const struct prediction_inputs *inputs, const double *outputs,
			   size_t columns, struct text *out)
{
	size_t rows = inputs->rows;
	double *p = calloc(card->classes + 1, sizeof *p);
	if (p == NULL) {
		out->failed = true;
		return;
	}
	text_puts(out, ",\"predictions\":[");
	for (size_t i = 0; i < rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i == 0 ? "" : ",");
		if (decided(outputs + i * columns, columns)) {
			class_render(out, card, class_of(outputs + i * columns, columns));
		} else {
			text_puts(out, "null");
		}
	}
	if (card->link == LINK_SIGN) {
		text_puts(out, "],\"probabilities\":null");
		free(p);
		return;
	}
	text_puts(out, "],\"probabilities\":[");
	for (size_t i = 0; i < rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i == 0 ? "" : ",");
		probabilities_of(outputs + i * columns, columns, card->classes, p);
		numbers_render(out, p, card->classes);
	}
	text_puts(out, "]");
	free(p);
}

/* `,"key":[...]` with a number a row, or a list of them where there are several. */
static void values_render(const char *key, const struct prediction_inputs *inputs, const double *values, size_t columns,
			  struct text *out)
{
	text_printf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i == 0 ? "" : ",");
		if (columns == 1) {
			text_json_double(out, values[i]);
		} else {
			numbers_render(out, values + i * columns, columns);
		}
	}
	text_puts(out, "]");
}

/* The standard deviations beside the means: exp(s / 2) of the log variances s. */
static void deviations_render(const struct prediction_inputs *inputs, const double *outputs, size_t columns,
			      struct text *out)
{
	const size_t m = columns / 2;
	double *deviation = calloc(inputs->rows * m + 1, sizeof *deviation);
	if (deviation == NULL) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < inputs->rows * m; i++) {
		deviation[i] = exp(outputs[i / m * columns + m + i % m] / 2);
	}
	values_render("standard_deviations", inputs, deviation, m, out);
	free(deviation);
}

/* Mean of squared and absolute errors over all rows and targets; r2 is the mean over targets of 1 - SSE / SST. */
static void regression_metrics(const struct prediction_inputs *inputs, const double *values, size_t columns,
			       struct text *out)
{
	double squares = 0, sizes = 0, r2 = 0;
	size_t rows = inputs->rows;
	for (size_t k = 0; k < columns; k++) {
		double mean = 0, residual = 0, total = 0;
		for (size_t i = 0; i < rows; i++) {
			mean += inputs->y[i * columns + k] / (double)rows;
		}
		for (size_t i = 0; i < rows; i++) {
			double y = inputs->y[i * columns + k], e = y - values[i * columns + k];
			residual += e * e;
			sizes += fabs(e);
			total += (y - mean) * (y - mean);
		}
		squares += residual;
		r2 += (total > 0 ? 1 - residual / total : (double)NAN) / (double)columns;
	}
	double count = (double)rows * (double)columns;
	text_puts(out, "{\"rmse\":");
	text_json_double(out, sqrt(squares / count));
	text_puts(out, ",\"mae\":");
	text_json_double(out, sizes / count);
	text_puts(out, ",\"r2\":");
	text_json_double(out, r2);
	text_puts(out, "}");
}

static void accuracy_render(const struct prediction_inputs *inputs, const double *outputs, size_t columns,
			    struct text *out)
{
	size_t right = 0;
	for (size_t i = 0; i < inputs->rows; i++) {
		const double *z = outputs + i * columns;
		right += decided(z, columns) && inputs->y[i] == (double)class_of(z, columns);
	}
	text_puts(out, ",\"metrics\":{\"accuracy\":");
	text_json_double(out, (double)right / (double)inputs->rows);
	text_puts(out, "}");
}

/* Outputs that JSON cannot hold, when there are any. */
static void nonfinite_render(size_t rows, const double *outputs, size_t columns, struct text *out)
{
	bool any = false;
	for (size_t i = 0; i < rows * columns; i++) {
		if (!isfinite(outputs[i])) {
			text_printf(out, "%s{\"row\":%zu,\"output\":%zu,\"value\":\"", any ? "," : ",\"nonfinite\":[",
				    i / columns, i % columns);
			text_csv_double(out, outputs[i]);
			text_puts(out, "\"}");
			any = true;
		}
	}
	text_puts(out, any ? "]" : "");
}

/* Of an autoencoder: the row again, in the data's units; the code; how far the row and what became of it are apart, as
 * the mean square over its columns of what the model sees (standardised). */
static void codes_render(const struct model_card *card, const struct prediction_inputs *inputs, const double *outputs,
			 size_t columns, struct text *out)
{
	const size_t n = card->features, code = columns - n;
	text_puts(out, ",\"predictions\":[");
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		const double *z = outputs + i * columns + code;
		for (size_t k = 0; k < n; k++) {
			text_puts(out, k > 0 ? "," : i > 0 ? ",[" : "[");
			text_json_double(out, z[k] * card->std[k] + card->mean[k]);
		}
		text_puts(out, "]");
	}
	text_puts(out, "],\"codes\":[");
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i > 0 ? "," : "");
		numbers_render(out, outputs + i * columns, code);
	}
	text_puts(out, "],\"reconstruction_errors\":[");
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		const double *z = outputs + i * columns + code, *x = inputs->x + i * n;
		double sum = 0;
		for (size_t k = 0; k < n; k++) {
			const double miss = z[k] - (x[k] - card->mean[k]) / card->std[k];
			sum += miss * miss;
		}
		text_puts(out, i > 0 ? "," : "");
		text_json_double(out, sum / (double)n);
	}
	text_puts(out, "]");
}

/* A number of a row of two points, a list of two of a row of three: what the first is to each other one. */
static void compared_render(const struct prediction_inputs *inputs, const double *outputs, size_t columns,
			    size_t members, double compare(const double *a, const double *b, size_t m),
			    struct text *out)
{
	const size_t m = columns / members;
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		const double *z = outputs + i * columns;
		text_puts(out, i > 0 ? "," : "");
		text_puts(out, members > 2 ? "[" : "");
		for (size_t k = 1; k < members; k++) {
			text_puts(out, k > 1 ? "," : "");
			text_json_double(out, compare(z, z + k * m, m));
		}
		text_puts(out, members > 2 ? "]" : "");
	}
}

static double distance_of(const double *a, const double *b, size_t m)
{
	double sum = 0;
	for (size_t c = 0; c < m; c++) {
		sum += (a[c] - b[c]) * (a[c] - b[c]);
	}
	return sqrt(sum);
}

/* The cosine of the angle between them; of a vector of length 0: 0. */
static double similarity_of(const double *a, const double *b, size_t m)
{
	double ab = 0, aa = 0, bb = 0;
	for (size_t c = 0; c < m; c++) {
		ab += a[c] * b[c];
		aa += a[c] * a[c];
		bb += b[c] * b[c];
	}
	const double cosine = ab / (sqrt(aa) * sqrt(bb));
	return aa == 0 || bb == 0 ? 0 : cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

/* Of points: their embeddings. Of rows of two or three: how far the others are from the first, their similarities to
 * it, and the embeddings one by one. */
static void embeddings_render(const struct model_card *card, const struct prediction_inputs *inputs,
			      const double *outputs, size_t columns, struct text *out)
{
	const size_t members = card->link == LINK_EMBEDDING ? 1 : card->link == LINK_PAIR ? 2 : 3;
	text_puts(out, ",\"predictions\":[");
	if (members > 1) {
		compared_render(inputs, outputs, columns, members, distance_of, out);
		text_puts(out, "],\"similarities\":[");
		compared_render(inputs, outputs, columns, members, similarity_of, out);
		text_puts(out, "],\"embeddings\":[");
	}
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i > 0 ? "," : "");
		text_puts(out, members > 1 ? "[" : "");
		for (size_t k = 0; k < members; k++) {
			text_puts(out, k > 0 ? "," : "");
			numbers_render(out, outputs + i * columns + k * (columns / members), columns / members);
		}
		text_puts(out, members > 1 ? "]" : "");
	}
	text_puts(out, "]");
}

void predictions_render(const char *job_id, uint64_t step, const struct model_card *card,
			const struct prediction_inputs *inputs, const double *outputs, size_t columns, struct text *out)
{
	const bool embeds = link_embeds(card->link);
	const bool numbers = card->classes == 0 && card->link != LINK_CODE && !embeds;
	double *values = calloc((numbers ? inputs->rows * columns : 0) + 1, sizeof *values);
	if (values == NULL) {
		out->failed = true;
		return;
	}
	if (numbers) {
		link_apply_f64(card->link, inputs->rows, columns, outputs, values);
	}
	text_puts(out, "{\"job_id\":");
	text_json_string(out, job_id);
	text_puts(out, ",\"step\":");
	text_json_uint(out, step);
	if (embeds) {
		embeddings_render(card, inputs, outputs, columns, out);
	} else if (card->classes > 0) {
		text_puts(out, ",\"classes\":");
		card_classes_render(card, out);
		classes_render(card, inputs, outputs, columns, out);
	} else if (card->link == LINK_CODE) {
		codes_render(card, inputs, outputs, columns, out);
	} else {
		values_render("predictions", inputs, values, link_numbers(card->link, columns), out);
	}
	if (card->link == LINK_GAUSSIAN) {
		deviations_render(inputs, outputs, columns, out);
	}
	text_puts(out, ",\"outputs\":[");
	for (size_t i = 0; i < inputs->rows && !prediction_stopped(inputs); i++) {
		text_puts(out, i == 0 ? "" : ",");
		numbers_render(out, outputs + i * columns, columns);
	}
	text_puts(out, "]");
	nonfinite_render(inputs->rows, outputs, columns, out);
	if (inputs->has_target && inputs->rows > 0 && card->classes > 0 && !embeds) {
		accuracy_render(inputs, outputs, columns, out);
	} else if (inputs->has_target && inputs->rows > 0 && numbers) {
		text_puts(out, ",\"metrics\":");
		regression_metrics(inputs, values, link_numbers(card->link, columns), out);
	}
	text_puts(out, "}");
	free(values);
}
