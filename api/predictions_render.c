/*
 * Writing predictions while rows come. See predictions.h; what a row is answered with is in predictions_parts.c.
 *
 * A section of JSON is one array, from the comma before its key to its bracket; the first has the head before it, the
 * last one is the outputs that are not finite and what is said at the end: metrics and warnings. CSV is one section.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/answers.h"
#include "api/predictions_parts.h"

/* A section goes to its sink when it has so many bytes. */
enum { DRAIN_BYTES = 1 << 16 };

_Static_assert(PARTS_MAX + 1 <= PREDICTION_SECTIONS, "a section for each part, and the last");

struct prediction_writer {
	struct prediction_head head;
	struct part part[PARTS_MAX];
	size_t parts;
	struct text section[PREDICTION_SECTIONS];
	size_t sections;
	enum status status;
	uint64_t rows;   /* so far */
	double *numbers; /* of the widest part */
	bool nonfinite;  /* some output was */
	/* metrics */
	bool scored;
	uint64_t right, unseen;
	uint64_t unnamed; /* rows without a number in all they are answered with, of a model that reads indices */
	double *residual, *size, *spread; /* [targets]: sums of (y - p)^2, |y - p|, (y - mean)^2 */
};

/* --- pieces --- */

static void numbers_render(struct text *out, const double *numbers, size_t count)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_double(out, numbers[i]);
	}
	text_puts(out, "]");
}

void csv_cell_render(struct text *out, const char *string)
{
	size_t length = strlen(string);
	bool bare = length > 0 && strpbrk(string, "\",\r\n") == NULL && string[0] != ' ' && string[length - 1] != ' ';
	text_puts(out, bare ? "" : "\"");
	for (const char *quote; (quote = strchr(string, '"')) != NULL; string = quote + 1) {
		text_add(out, string, (size_t)(quote - string) + 1);
		text_puts(out, "\"");
	}
	text_puts(out, string);
	text_puts(out, bare ? "" : "\"");
}

static void class_render(struct text *out, const struct model_card *card, double index, bool csv)
{
	if (isnan(index)) {
		text_puts(out, csv ? "" : "null");
	} else if (card->class_number != NULL) {
		text_json_double(out, card->class_number[(size_t)index]);
	} else if (csv) {
		csv_cell_render(out, card->class_text[(size_t)index]);
	} else {
		text_json_string(out, card->class_text[(size_t)index]);
	}
}

/* The numbers of a row and a part, as JSON. */
static void part_render(const struct prediction_writer *writer, const struct part *part, struct text *out)
{
	const size_t m = part->members == 0 ? 0 : part->width / part->members;
	switch (part->form) {
	case PART_ONE:
		text_json_double(out, writer->numbers[0]);
		break;
	case PART_LIST:
		numbers_render(out, writer->numbers, part->width);
		break;
	case PART_LISTS:
		for (size_t k = 0; k < part->members; k++) {
			text_puts(out, k == 0 ? "[" : ",");
			numbers_render(out, writer->numbers + k * m, m);
		}
		text_puts(out, "]");
		break;
	case PART_CLASS:
		class_render(out, writer->head.card, writer->numbers[0], false);
		break;
	case PART_ABSENT:
		break;
	}
}

static void part_render_csv(const struct prediction_writer *writer, const struct part *part, bool first,
			    struct text *out)
{
	for (size_t k = 0; k < part->width; k++) {
		text_puts(out, first && k == 0 ? "" : ",");
		if (part->form == PART_CLASS) {
			class_render(out, writer->head.card, writer->numbers[0], true);
		} else {
			text_csv_double(out, writer->numbers[k]);
		}
	}
}

/* Names of the columns: the key; behind a point whose number it is, where there are several. */
static void csv_header_render(const struct prediction_writer *writer, struct text *out)
{
	struct text name;
	text_init(&name);
	for (size_t p = 0; p < writer->parts; p++) {
		const struct part *part = &writer->part[p];
		for (size_t k = 0; k < part->width; k++) {
			name.length = 0;
			text_puts(&name, part->key);
			if (part->width == 1) {
				text_puts(&name, "");
			} else if (part->form == PART_LISTS) {
				const size_t m = part->width / part->members;
				text_printf(&name, ".%zu.%zu", k / m, k % m);
			} else if (part->form == PART_LIST && part->numbers != NULL) {
				text_puts(&name, ".");
				text_json_double(&name, part->numbers[k]);
			} else if (part->form == PART_LIST && part->names != NULL) {
				text_printf(&name, ".%s", part->names[k]);
			} else if (part->form == PART_LIST) {
				text_printf(&name, ".%zu", k);
			}
			text_puts(out, p + k == 0 ? "" : ",");
			if (text_failed(&name)) {
				out->failed = true;
				break;
			}
			csv_cell_render(out, name.data);
		}
	}
	text_puts(out, "\r\n");
	text_fini(&name);
}

/* --- the writer --- */

static void begin(struct prediction_writer *writer)
{
	const struct prediction_head *head = &writer->head;
	struct text *out = &writer->section[0];
	if (head->csv) {
		writer->sections = 1;
		csv_header_render(writer, out);
		return;
	}
	writer->sections = writer->parts + 1;
	text_puts(out, "{\"job_id\":");
	text_json_string(out, head->job_id);
	text_puts(out, ",\"step\":");
	text_json_uint(out, head->step);
	text_puts(out, ",\"at\":");
	text_json_string(out, head->at);
	if (head->card->classes > 0 && !link_embeds(head->card->link)) {
		text_puts(out, ",\"classes\":");
		card_classes_render(head->card, out);
	}
	for (size_t p = 0; p < writer->parts; p++) {
		const struct part *part = &writer->part[p];
		text_printf(&writer->section[p], part->form == PART_ABSENT ? ",\"%s\":null" : ",\"%s\":[", part->key);
	}
}

enum status prediction_writer_create(const struct prediction_head *head, struct prediction_writer **out)
{
	struct prediction_writer *writer = calloc(1, sizeof *writer);
	*out = writer;
	if (writer == NULL) {
		return E_MEMORY;
	}
	const struct model_card *card = head->card;
	const bool numbers = card->classes == 0 && card->link != LINK_CODE && !link_embeds(card->link);
	size_t widest = 1;
	writer->head = *head;
	writer->parts = parts_of(head, writer->part);
	for (size_t p = 0; p < writer->parts; p++) {
		widest = writer->part[p].width > widest ? writer->part[p].width : widest;
	}
	for (size_t k = 0; k < PREDICTION_SECTIONS; k++) {
		text_init(&writer->section[k]);
	}
	writer->scored = head->mean != NULL && card->targets > 0 && card->link != LINK_CODE &&
			 !link_embeds(card->link) &&
			 (!numbers || link_numbers(card->link, head->outputs) == card->targets);
	writer->numbers = calloc(widest, sizeof(double));
	writer->residual = calloc(3 * card->targets + 1, sizeof(double));
	if (writer->numbers == NULL || writer->residual == NULL) {
		prediction_writer_destroy(writer);
		*out = NULL;
		return E_MEMORY;
	}
	writer->size = writer->residual + card->targets;
	writer->spread = writer->size + card->targets;
	begin(writer);
	return OK;
}

void prediction_writer_destroy(struct prediction_writer *writer)
{
	if (writer == NULL) {
		return;
	}
	for (size_t k = 0; k < PREDICTION_SECTIONS; k++) {
		text_fini(&writer->section[k]);
	}
	free(writer->numbers);
	free(writer->residual);
	free(writer);
}

/* Hands on what a section has, when it is `least` bytes or more. */
static void drain(struct prediction_writer *writer, size_t section, size_t least)
{
	struct text *text = &writer->section[section];
	if (writer->status == OK && text_failed(text)) {
		writer->status = E_MEMORY;
	}
	if (writer->status == OK && writer->head.sink != NULL && text->length >= least && text->length > 0) {
		writer->status = writer->head.sink(writer->head.context, section, text->data, text->length);
		text->length = 0;
	}
}

/* --- rows --- */

/* Outputs that JSON cannot hold. */
static void note_nonfinite(struct prediction_writer *writer, const double *outputs)
{
	struct text *out = &writer->section[writer->sections - 1];
	writer->unnamed += writer->head.indexes && isnan(outputs[0]);
	for (size_t k = 0; k < writer->head.outputs; k++) {
		if (!isfinite(outputs[k])) {
			text_printf(out, "%s{\"row\":%" PRIu64 ",\"output\":%zu,\"value\":\"",
				    writer->nonfinite ? "," : ",\"nonfinite\":[", writer->rows, k);
			text_csv_double(out, outputs[k]);
			text_puts(out, "\"}");
			writer->nonfinite = true;
		}
	}
}

/* predicted: the first part of the row, a class or numbers. */
static void score(struct prediction_writer *writer, const double *y, const double *predicted)
{
	if (writer->head.card->classes > 0) {
		writer->right += y[0] == *predicted;
		writer->unseen += y[0] < 0;
		return;
	}
	for (size_t k = 0; k < writer->head.card->targets; k++) {
		const double e = y[k] - predicted[k], from_mean = y[k] - writer->head.mean[k];
		writer->residual[k] += e * e;
		writer->size[k] += fabs(e);
		writer->spread[k] += from_mean * from_mean;
	}
}

static void write_row(struct prediction_writer *writer, const struct prediction_rows *rows, size_t i)
{
	const struct prediction_head *head = &writer->head;
	for (size_t p = 0; p < writer->parts; p++) {
		const struct part *part = &writer->part[p];
		struct text *out = &writer->section[head->csv ? 0 : p];
		if (part->form == PART_ABSENT) {
			continue;
		}
		part->fill(head, rows, i, writer->numbers);
		if (p == 0 && writer->scored) {
			score(writer, rows->y + i * head->card->targets, writer->numbers);
		}
		if (head->csv) {
			part_render_csv(writer, part, p == 0, out);
		} else {
			text_puts(out, writer->rows > 0 ? "," : "");
			part_render(writer, part, out);
		}
	}
	if (head->csv) {
		text_puts(&writer->section[0], "\r\n");
	} else {
		note_nonfinite(writer, rows->outputs + i * head->outputs);
	}
}

enum status prediction_writer_rows(struct prediction_writer *writer, const struct prediction_rows *rows)
{
	for (size_t i = 0; i < rows->rows && writer->status == OK; i++) {
		write_row(writer, rows, i);
		writer->rows++;
		for (size_t k = 0; k < writer->sections; k++) {
			drain(writer, k, DRAIN_BYTES);
		}
	}
	return writer->status;
}

/* --- the end --- */

/* Mean of squared and absolute errors over all rows and targets; r2 is the mean over targets of 1 - SSE / SST. */
static void metrics_render(const struct prediction_writer *writer, struct text *out)
{
	const size_t targets = writer->head.card->targets;
	const double count = (double)writer->rows * (double)targets;
	double squares = 0, sizes = 0, r2 = 0;
	if (writer->head.card->classes > 0) {
		text_puts(out, ",\"metrics\":{\"accuracy\":");
		text_json_double(out, (double)writer->right / (double)writer->rows);
		text_puts(out, "}");
		return;
	}
	for (size_t k = 0; k < targets; k++) {
		const double share = writer->spread[k] > 0 ? 1 - writer->residual[k] / writer->spread[k] : (double)NAN;
		squares += writer->residual[k];
		sizes += writer->size[k];
		r2 += share / (double)targets;
	}
	text_puts(out, ",\"metrics\":{\"rmse\":");
	text_json_double(out, sqrt(squares / count));
	text_puts(out, ",\"mae\":");
	text_json_double(out, sizes / count);
	text_puts(out, ",\"r2\":");
	text_json_double(out, r2);
	text_puts(out, "}");
}

static void warnings_render(const struct prediction_writer *writer, struct text *out)
{
	if (writer->unseen > 0) {
		text_printf(out,
			    ",\"warnings\":[\"%" PRIu64 " row%s a target that is none of the job's classes; "
			    "no prediction of such a row is right\"",
			    writer->unseen, writer->unseen == 1 ? " has" : "s have");
	}
	if (writer->unnamed > 0) {
		text_printf(
			out,
			"%s\"%" PRIu64
			" row%s a number that names nothing the job was trained on: a whole number below "
			"the model's users, items or num_embeddings is wanted; there is no prediction of such a row\"",
			writer->unseen > 0 ? "," : ",\"warnings\":[", writer->unnamed,
			writer->unnamed == 1 ? " has" : "s have");
	}
	text_puts(out, writer->unseen > 0 || writer->unnamed > 0 ? "]" : "");
}

enum status prediction_writer_end(struct prediction_writer *writer)
{
	struct text *last = &writer->section[writer->sections - 1];
	for (size_t p = 0; p < writer->parts && !writer->head.csv; p++) {
		text_puts(&writer->section[p], writer->part[p].form == PART_ABSENT ? "" : "]");
	}
	if (!writer->head.csv) {
		text_puts(last, writer->nonfinite ? "]" : "");
		if (writer->scored && writer->rows > 0) {
			metrics_render(writer, last);
		}
		warnings_render(writer, last);
		text_puts(last, "}");
	}
	for (size_t k = 0; k < writer->sections; k++) {
		drain(writer, k, 1);
	}
	return writer->status;
}

void prediction_writer_join(const struct prediction_writer *writer, struct text *out)
{
	for (size_t k = 0; k < writer->sections; k++) {
		text_add(out, writer->section[k].data == NULL ? "" : writer->section[k].data,
			 writer->section[k].length);
	}
}
