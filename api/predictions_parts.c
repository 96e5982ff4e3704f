/*
 * The parts of an answer. Of a classifier: the class, the probabilities, the outputs before the link function (one
 * column: the log-odds of the second class, or with a hinge loss its side of the margin, which has no probability;
 * more: softmax). Of a regression: the numbers, by way of the loss's link, and with a gaussian loss their standard
 * deviations. Of an autoencoder: the row again, the code, how far they are apart. Of embeddings: those of points; of
 * rows that hold several the distances between them. Of a gan: the discriminator's verdict.
 */
#include <math.h>
#include <string.h>

#include "api/predictions_parts.h"

/* --- classes --- */

/* p[0..classes). No overflow for any finite outputs. */
static void fill_probabilities(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
			       double *p)
{
	const double *outputs = rows->outputs + i * head->outputs;
	const size_t classes = head->card->classes;
	if (head->outputs == 1 && classes == 2) {
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

/* The class of a row: the second of two when its log-odds are above 0, the first of the largest outputs else. */
static void fill_class(const struct prediction_head *head, const struct prediction_rows *rows, size_t i, double *out)
{
	const double *outputs = rows->outputs + i * head->outputs;
	size_t best = 0;
	for (size_t k = 1; k < head->outputs; k++) {
		best = outputs[k] > outputs[best] ? k : best;
	}
	best = head->outputs == 1 ? outputs[0] > 0 : best;
	*out = decided(outputs, head->outputs) ? (double)best : (double)NAN;
}

/* --- numbers --- */

static void fill_values(const struct prediction_head *head, const struct prediction_rows *rows, size_t i, double *out)
{
	link_apply_f64(head->card->link, 1, head->outputs, rows->outputs + i * head->outputs, out);
}

/* The standard deviations beside the means: exp(s / 2) of the log variances s. */
static void fill_deviations(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
			    double *out)
{
	const size_t m = head->outputs / 2;
	for (size_t k = 0; k < m; k++) {
		out[k] = exp(rows->outputs[i * head->outputs + m + k] / 2);
	}
}

static void fill_outputs(const struct prediction_head *head, const struct prediction_rows *rows, size_t i, double *out)
{
	memcpy(out, rows->outputs + i * head->outputs, head->outputs * sizeof *out);
}

/* --- codes --- */

static const double *row_again(const struct prediction_head *head, const struct prediction_rows *rows, size_t i)
{
	return rows->outputs + (i + 1) * head->outputs - head->card->features;
}

/* The row again, in the data's units. */
static void fill_reconstruction(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
				double *out)
{
	const struct model_card *card = head->card;
	const double *z = row_again(head, rows, i);
	for (size_t k = 0; k < card->features; k++) {
		out[k] = z[k] * card->std[k] + card->mean[k];
	}
}

static void fill_code(const struct prediction_head *head, const struct prediction_rows *rows, size_t i, double *out)
{
	memcpy(out, rows->outputs + i * head->outputs, (head->outputs - head->card->features) * sizeof *out);
}

/* How far the row and what became of it are apart: the mean square over its columns of what the model sees. */
static void fill_reconstruction_error(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
				      double *out)
{
	const struct model_card *card = head->card;
	const double *z = row_again(head, rows, i), *x = rows->x + i * card->features;
	double sum = 0;
	for (size_t k = 0; k < card->features; k++) {
		const double miss = z[k] - (x[k] - card->mean[k]) / card->std[k];
		sum += miss * miss;
	}
	*out = sum / (double)card->features;
}

/* --- embeddings --- */

static size_t members_of(const struct model_card *card)
{
	return card->link == LINK_EMBEDDING ? 1 : card->link == LINK_PAIR ? 2 : 3;
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

/* What the first point of a row is to each other one. */
static void compare(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
		    double measure(const double *a, const double *b, size_t m), double *out)
{
	const size_t members = members_of(head->card), m = head->outputs / members;
	const double *z = rows->outputs + i * head->outputs;
	for (size_t k = 1; k < members; k++) {
		out[k - 1] = measure(z, z + k * m, m);
	}
}

static void fill_distances(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
			   double *out)
{
	compare(head, rows, i, distance_of, out);
}

static void fill_similarities(const struct prediction_head *head, const struct prediction_rows *rows, size_t i,
			      double *out)
{
	compare(head, rows, i, similarity_of, out);
}

/* --- lists of parts --- */

static size_t class_parts(const struct prediction_head *head, struct part *part)
{
	const struct model_card *card = head->card;
	const bool sign = card->link == LINK_SIGN;
	part[0] = (struct part){ .key = "predictions", .form = PART_CLASS, .width = 1, .fill = fill_class };
	part[1] = (struct part){ .key = "probabilities",
				 .form = sign ? PART_ABSENT : PART_LIST,
				 .width = sign ? 0 : card->classes,
				 .names = card->class_number == NULL ? card->class_text : NULL,
				 .numbers = card->class_number,
				 .fill = fill_probabilities };
	return 2;
}

static size_t embedding_parts(const struct prediction_head *head, struct part *part)
{
	const size_t members = members_of(head->card), others = members - 1;
	const enum part_form form = others == 1 ? PART_ONE : PART_LIST;
	if (members == 1) {
		part[0] = (struct part){
			.key = "predictions", .form = PART_LIST, .width = head->outputs, .fill = fill_outputs
		};
		return 1;
	}
	part[0] = (struct part){ .key = "predictions", .form = form, .width = others, .fill = fill_distances };
	part[1] = (struct part){ .key = "similarities", .form = form, .width = others, .fill = fill_similarities };
	part[2] = (struct part){ .key = "embeddings",
				 .form = PART_LISTS,
				 .width = head->outputs,
				 .members = members,
				 .fill = fill_outputs };
	return 3;
}

static size_t code_parts(const struct prediction_head *head, struct part *part)
{
	const struct model_card *card = head->card;
	part[0] = (struct part){ .key = "predictions",
				 .form = PART_LIST,
				 .width = card->features,
				 .names = card->feature,
				 .fill = fill_reconstruction };
	part[1] = (struct part){
		.key = "codes", .form = PART_LIST, .width = head->outputs - card->features, .fill = fill_code
	};
	part[2] = (struct part){
		.key = "reconstruction_errors", .form = PART_ONE, .width = 1, .fill = fill_reconstruction_error
	};
	return 3;
}

static size_t value_parts(const struct prediction_head *head, struct part *part)
{
	const struct model_card *card = head->card;
	const size_t width = link_numbers(card->link, head->outputs);
	part[0] = (struct part){ .key = "predictions",
				 .form = width == 1 ? PART_ONE : PART_LIST,
				 .width = width,
				 .names = width == card->targets ? card->target : NULL,
				 .fill = fill_values };
	if (card->link != LINK_GAUSSIAN) {
		return 1;
	}
	part[1] = part[0];
	part[1].key = "standard_deviations";
	part[1].fill = fill_deviations;
	return 2;
}

size_t parts_of(const struct prediction_head *head, struct part *part)
{
	const struct model_card *card = head->card;
	size_t count;
	if (link_embeds(card->link)) {
		count = embedding_parts(head, part);
	} else if (card->classes > 0) {
		count = class_parts(head, part);
	} else if (card->link == LINK_CODE) {
		count = code_parts(head, part);
	} else {
		count = value_parts(head, part);
	}
	part[count] =
		(struct part){ .key = "outputs", .form = PART_LIST, .width = head->outputs, .fill = fill_outputs };
	return count + 1;
}

uint64_t parts_numbers(const struct model_card *card, uint64_t outputs)
{
	/* Outputs are written as they are, and once more as what they mean; beside them stand probabilities, or what
	 * points are to one another, or an error. */
	return 2 * outputs + card->classes + 5;
}
