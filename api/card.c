/* Model cards: made when training begins, kept beside the weights, read whenever those are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/model_card.h"
#include "api/pack.h"

static const char format_name[] = "descentd-card-1";

static char **copy_strings(struct arena *arena, char *const *strings, size_t count)
{
	char **copy = arena_alloc(arena, count, sizeof *copy);
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = arena_strdup(arena, strings[i]);
	}
	return copy;
}

static double *copy_numbers(struct arena *arena, const double *numbers, size_t count, double otherwise)
{
	double *copy = arena_alloc(arena, count, sizeof *copy);
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = numbers != NULL ? numbers[i] : otherwise;
	}
	return copy;
}

enum status model_card_create(const struct job_spec *spec, const struct objective *objective, const double *mean,
			      const double *std, struct model_card **out)
{
	struct arena *arena = arena_create();
	struct model_card *card = arena == NULL ? NULL : arena_alloc(arena, 1, sizeof *card);
	*out = NULL;
	if (card == NULL) {
		arena_destroy(arena);
		return E_MEMORY;
	}
	card->arena = arena;
	card->features = spec->feature_count;
	card->feature = copy_strings(arena, spec->feature, spec->feature_count);
	card->standardized = mean != NULL;
	card->mean = copy_numbers(arena, mean, card->features, 0);
	card->std = copy_numbers(arena, std, card->features, 1);
	card->targets = spec->target_count;
	card->target = copy_strings(arena, spec->target, spec->target_count);
	card->classes = spec->class_count;
	card->class_text = copy_strings(arena, spec->class_text, spec->class_count);
	card->class_number =
		spec->class_number == NULL ? NULL : copy_numbers(arena, spec->class_number, card->classes, 0);
	card->dtype = objective->dtype;
	card->link = objective->link;
	card->n = objective->n;
	card->tensors = objective->tensors;
	card->tensor = arena_alloc(arena, card->tensors, sizeof *card->tensor);
	if (card->tensor != NULL && card->tensors > 0) {
		memcpy(card->tensor, objective->tensor, card->tensors * sizeof *card->tensor);
	}
	if (arena_failed(arena)) {
		arena_destroy(arena);
		return E_MEMORY;
	}
	*out = card;
	return OK;
}

void model_card_destroy(struct model_card *card)
{
	if (card != NULL) {
		arena_destroy(card->arena);
	}
}

void model_card_save(const struct model_card *card, struct text *out)
{
	pack_begin(out, format_name);
	pack_uint(out, card->features);
	pack_uint(out, card->standardized);
	for (size_t i = 0; i < card->features; i++) {
		pack_string(out, card->feature[i]);
		if (card->standardized) {
			pack_number(out, card->mean[i]);
			pack_number(out, card->std[i]);
		}
	}
	pack_uint(out, card->targets);
	for (size_t i = 0; i < card->targets; i++) {
		pack_string(out, card->target[i]);
	}
	pack_uint(out, card->classes);
	pack_uint(out, card->class_number != NULL);
	for (size_t i = 0; i < card->classes; i++) {
		pack_string(out, card->class_text[i]);
		if (card->class_number != NULL) {
			pack_number(out, card->class_number[i]);
		}
	}
	/* Bit 0: the precision; above it the link, which was always natural before there were others. */
	pack_uint(out, (card->dtype == DTYPE_FLOAT64 ? 1u : 0u) | (unsigned)card->link << 1);
	pack_uint(out, card->n);
	pack_uint(out, card->tensors);
	for (size_t i = 0; i < card->tensors; i++) {
		const struct tensor *tensor = &card->tensor[i];
		pack_string(out, tensor->name);
		pack_uint(out, tensor->rank);
		for (size_t k = 0; k < tensor->rank; k++) {
			pack_uint(out, tensor->shape[k]);
		}
		pack_uint(out, tensor->offset);
	}
	pack_end(out);
}

/* A string into the arena. */
static char *load_string(struct unpack *in, struct arena *arena)
{
	char *string = unpack_string(in), *copy = arena_strdup(arena, string);
	if (string == NULL) {
		in->failed = true;
	}
	free(string);
	return copy;
}

static void load_tensor(struct unpack *in, const struct model_card *card, struct tensor *tensor)
{
	char *name = unpack_string(in);
	if (name == NULL || strlen(name) >= sizeof tensor->name) {
		in->failed = true;
	} else {
		memcpy(tensor->name, name, strlen(name) + 1);
	}
	free(name);
	tensor->rank = (size_t)unpack_uint(in);
	tensor->size = 1;
	if (tensor->rank < 1 || tensor->rank > 4) {
		in->failed = true;
	}
	for (size_t k = 0; k < tensor->rank && !in->failed; k++) {
		tensor->shape[k] = (size_t)unpack_uint(in);
		if (__builtin_mul_overflow(tensor->size, tensor->shape[k], &tensor->size)) {
			in->failed = true;
		}
	}
	tensor->offset = (size_t)unpack_uint(in);
	if (tensor->offset > card->n || tensor->size > card->n - tensor->offset) {
		in->failed = true;
	}
}

static void load_features(struct unpack *in, struct arena *arena, struct model_card *card)
{
	card->features = unpack_count(in, 2);
	card->standardized = unpack_uint(in) != 0;
	card->feature = arena_alloc(arena, card->features, sizeof *card->feature);
	card->mean = arena_alloc(arena, card->features, sizeof *card->mean);
	card->std = arena_alloc(arena, card->features, sizeof *card->std);
	for (size_t i = 0; i < card->features && !in->failed && !arena_failed(arena); i++) {
		card->feature[i] = load_string(in, arena);
		card->mean[i] = card->standardized ? unpack_number(in) : 0;
		card->std[i] = card->standardized ? unpack_number(in) : 1;
	}
}

static void load_targets(struct unpack *in, struct arena *arena, struct model_card *card)
{
	card->targets = unpack_count(in, 2);
	card->target = arena_alloc(arena, card->targets, sizeof *card->target);
	for (size_t i = 0; i < card->targets && !in->failed && !arena_failed(arena); i++) {
		card->target[i] = load_string(in, arena);
	}
	card->classes = unpack_count(in, 2);
	bool numbers = unpack_uint(in) != 0;
	card->class_text = arena_alloc(arena, card->classes, sizeof *card->class_text);
	card->class_number = numbers ? arena_alloc(arena, card->classes, sizeof *card->class_number) : NULL;
	for (size_t i = 0; i < card->classes && !in->failed && !arena_failed(arena); i++) {
		card->class_text[i] = load_string(in, arena);
		if (numbers) {
			card->class_number[i] = unpack_number(in);
		}
	}
}

static void load_tensors(struct unpack *in, struct arena *arena, struct model_card *card)
{
	uint64_t form = unpack_uint(in);
	card->dtype = (form & 1) != 0 ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
	in->failed = in->failed || form >> 1 >= LINKS;
	card->link = in->failed ? LINK_NATURAL : (enum link)(form >> 1);
	card->n = (size_t)unpack_uint(in);
	card->tensors = unpack_count(in, 6);
	card->tensor = arena_alloc(arena, card->tensors, sizeof *card->tensor);
	for (size_t i = 0; i < card->tensors && !in->failed && !arena_failed(arena); i++) {
		load_tensor(in, card, &card->tensor[i]);
	}
}

enum status model_card_load(const char *text, size_t length, struct model_card **out)
{
	struct arena *arena = arena_create();
	struct model_card *card = arena == NULL ? NULL : arena_alloc(arena, 1, sizeof *card);
	struct unpack in;
	*out = NULL;
	if (card == NULL) {
		arena_destroy(arena);
		return E_MEMORY;
	}
	card->arena = arena;
	unpack_begin(&in, text, length, format_name);
	load_features(&in, arena, card);
	load_targets(&in, arena, card);
	load_tensors(&in, arena, card);
	bool fine = unpack_end(&in);
	if (!fine || arena_failed(arena)) {
		enum status status = in.no_memory || arena_failed(arena) ? E_MEMORY : E_CORRUPT;
		arena_destroy(arena);
		return status;
	}
	*out = card;
	return OK;
}
