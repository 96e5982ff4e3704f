/* Typed reading of a JSON tree, every fault noted with its JSON pointer (RFC 6901). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"

/* Longer keys are cut in pointers and sentences, so that one long key is not copied a hundred times. */
enum { KEY_SHOWN = 256, SUGGEST_LENGTH = 64, SUGGEST_MANY = 2000, SUGGEST_FEW_FAULTS = 5 };

static void pointer_write(const struct at *at, struct text *out)
{
	if (at == NULL) {
		return;
	}
	pointer_write(at->up, out);
	text_puts(out, "/");
	if (at->key == NULL) {
		text_json_uint(out, at->index);
		return;
	}
	for (size_t i = 0; at->key[i] != '\0'; i++) {
		if (i == KEY_SHOWN) {
			text_puts(out, "...");
			break;
		}
		if (at->key[i] == '~') {
			text_puts(out, "~0");
		} else if (at->key[i] == '/') {
			text_puts(out, "~1");
		} else {
			text_add(out, &at->key[i], 1);
		}
	}
}

void reader_fault(struct reader *reader, const struct at *at, enum fault_code code, const char *suggestion,
		  const char *const *allowed, const char *format, ...)
{
	char detail[1024];
	struct text pointer;
	va_list args;
	if (reader->problem->faults == PROBLEM_FAULTS_MAX) {
		reader->problem->faults_total++; /* a body can have millions */
		return;
	}
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	text_init(&pointer);
	pointer_write(at, &pointer);
	char *where = text_take(&pointer, NULL);
	problem_fault(reader->problem, where == NULL ? "" : where, code, suggestion, allowed, "%s", detail);
	free(where);
}

const char *reader_suggest(const struct reader *reader, const char *word, const char *const *names, size_t count)
{
	if (strlen(word) > SUGGEST_LENGTH || reader->problem->faults >= PROBLEM_FAULTS_MAX ||
	    (count > SUGGEST_MANY && reader->problem->faults > SUGGEST_FEW_FAULTS)) {
		return NULL;
	}
	return nearest_name(word, names, count);
}

size_t json_count(const cJSON *item)
{
	size_t count = 0;
	for (const cJSON *child = item->child; child != NULL; child = child->next) {
		count++;
	}
	return count;
}

/* What stands for a long array in the spec that a job shows. */
static bool is_elided(const cJSON *item)
{
	return cJSON_IsObject(item) && cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(item, "elided")) &&
	       cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, "sha256"));
}

const char *json_kind(const cJSON *item)
{
	if (is_elided(item)) {
		return "the mark of an elided array (GET /v1/jobs/{id}/spec answers the whole spec)";
	}
	switch (item->type & 0xFF) {
	case cJSON_False:
		return "false";
	case cJSON_True:
		return "true";
	case cJSON_NULL:
		return "null";
	case cJSON_Number:
		return "a number";
	case cJSON_String:
		return "a string";
	case cJSON_Array:
		return "an array";
	default:
		return "an object";
	}
}

struct key {
	const char *name;
	size_t order;
};

static int key_compare(const void *a, const void *b)
{
	const struct key *left = a, *right = b;
	int order = strcmp(left->name, right->name);
	return order != 0 ? order : left->order < right->order ? -1 : left->order > right->order;
}

static void duplicates_of(struct reader *reader, const struct at *at, const cJSON *object)
{
	enum { FEW = 16 };
	size_t count = json_count(object), k = 0;
	struct key few[FEW], *keys = count <= FEW ? few : malloc(count * sizeof *keys);
	if (keys == NULL) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "too many fields for the memory there is");
		return;
	}
	for (const cJSON *child = object->child; child != NULL; child = child->next, k++) {
		keys[k] = (struct key){ child->string, k };
	}
	qsort(keys, count, sizeof *keys, key_compare);
	for (k = 1; k < count; k++) {
		if (strcmp(keys[k].name, keys[k - 1].name) == 0 &&
		    (k == 1 || strcmp(keys[k].name, keys[k - 2].name) != 0)) {
			struct at here = { at, keys[k].name, 0 };
			reader_fault(reader, &here, FAULT_DUPLICATE, NULL, NULL, "the field is given more than once");
		}
	}
	if (keys != few) {
		free(keys);
	}
}

void json_duplicates(struct reader *reader, const struct at *at, const cJSON *item)
{
	if (cJSON_IsObject(item) && item->child != NULL && item->child->next != NULL) {
		duplicates_of(reader, at, item);
	}
	size_t index = 0;
	for (const cJSON *child = item->child; child != NULL; child = child->next, index++) {
		if (child->child != NULL) {
			struct at here = { at, cJSON_IsObject(item) ? child->string : NULL, index };
			json_duplicates(reader, &here, child);
		}
	}
}

static bool wrong_type(struct reader *reader, const struct at *at, const cJSON *item, const char *wanted)
{
	reader_fault(reader, at, FAULT_WRONG_TYPE, NULL, NULL, "%s is wanted, %s was given", wanted, json_kind(item));
	return false;
}

enum { NAMES_SHOWN = 10, NAMES_LENGTH = 256 };

/* "a, b, c", or nothing of more names than a sentence can hold: `allowed` has them all. */
static const char *names_listed(const char *const *names, size_t count, char list[static NAMES_LENGTH])
{
	size_t length = 0;
	for (size_t i = 0; i < count && count <= NAMES_SHOWN && length < NAMES_LENGTH; i++) {
		length += (size_t)snprintf(list + length, NAMES_LENGTH - length, "%s%s", i > 0 ? ", " : ": known are ",
					   names[i]);
	}
	list[length < NAMES_LENGTH ? length : 0] = '\0';
	return list;
}

/* Notes a field that the object does not know. */
static void unknown_field(struct reader *reader, const struct at *at, const char *key, const struct field *fields,
			  size_t count)
{
	const char **names = arena_alloc(reader->arena, count + 1, sizeof *names);
	size_t known = 0;
	for (size_t i = 0; names != NULL && i < count; i++) {
		if (fields[i].later == NULL && !fields[i].foreign) {
			names[known++] = fields[i].name;
		}
	}
	const char *nearest = names == NULL ? NULL : reader_suggest(reader, key, names, known);
	if (nearest != NULL) {
		reader_fault(reader, at, FAULT_UNKNOWN_FIELD, nearest, names, "unknown field, did you mean %s?",
			     nearest);
	} else {
		char list[NAMES_LENGTH];
		reader_fault(reader, at, FAULT_UNKNOWN_FIELD, NULL, names, "unknown field%s",
			     names_listed(names, known, list));
	}
}

bool read_object(struct reader *reader, const struct at *at, const cJSON *item, struct field *fields, size_t count,
		 explain_field *explain, const void *context)
{
	if (!cJSON_IsObject(item)) {
		return wrong_type(reader, at, item, "an object");
	}
	for (const cJSON *child = item->child; child != NULL; child = child->next) {
		struct at here = { at, child->string, 0 };
		size_t i = 0;
		while (i < count && strcmp(fields[i].name, child->string) != 0) {
			i++;
		}
		if (i < count && fields[i].later != NULL) {
			reader_fault(reader, &here, FAULT_NOT_ALLOWED, NULL, NULL, "%s", fields[i].later);
		} else if (i < count) {
			fields[i].item = child;
		} else if (reader->problem->faults == PROBLEM_FAULTS_MAX) {
			reader->problem->faults_total++;
		} else if (explain == NULL || !explain(reader, &here, child, context)) {
			unknown_field(reader, &here, child->string, fields, count);
		}
	}
	return true;
}

bool read_string(struct reader *reader, const struct at *at, const cJSON *item, const char **out)
{
	if (!cJSON_IsString(item)) {
		return wrong_type(reader, at, item, "a string");
	}
	*out = item->valuestring;
	return true;
}

bool read_bool(struct reader *reader, const struct at *at, const cJSON *item, bool *out)
{
	if (!cJSON_IsBool(item)) {
		return wrong_type(reader, at, item, "true or false");
	}
	*out = cJSON_IsTrue(item) != 0;
	return true;
}

/* "at least 0 and below 1", in the arena. */
static const char *range_words(struct reader *reader, struct range range)
{
	bool low = isfinite(range.minimum), high = isfinite(range.maximum);
	const char *above = range.open_minimum ? "above" : "at least";
	const char *below = range.open_maximum ? "below" : "at most";
	const char *words = !low && !high ? "finite"
			    : !high       ? arena_printf(reader->arena, "%s %.15g", above, range.minimum)
			    : !low        ? arena_printf(reader->arena, "%s %.15g", below, range.maximum)
				   : arena_printf(reader->arena, "%s %.15g and %s %.16g", above, range.minimum, below,
						  range.maximum);
	return words == NULL ? "in range" : words;
}

bool read_real(struct reader *reader, const struct at *at, const cJSON *item, struct range range, double *out)
{
	if (!cJSON_IsNumber(item)) {
		return wrong_type(reader, at, item, "a number");
	}
	double value = item->valuedouble;
	if (!isfinite(value)) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "the number is too large for a float64");
		return false;
	}
	if (json_is_rounded(item)) {
		reader_fault_rounded(reader, at);
		return false;
	}
	if (value < range.minimum || value > range.maximum || (range.open_minimum && value == range.minimum) ||
	    (range.open_maximum && value == range.maximum)) {
		const bool why = range.reason != NULL;
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "%.15g is out of range: it must be %s%s%s%s",
			     value, range_words(reader, range), why ? " (" : "", why ? range.reason : "",
			     why ? ")" : "");
		return false;
	}
	*out = value;
	return true;
}

bool read_integer(struct reader *reader, const struct at *at, const cJSON *item, uint64_t minimum, uint64_t maximum,
		  uint64_t *out)
{
	if (!cJSON_IsNumber(item)) {
		return wrong_type(reader, at, item, "a whole number");
	}
	double value = item->valuedouble;
	if (value > JSON_INTEGER_MAX) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "the number is out of range: whole numbers go up to 9007199254740991 (2^53 - 1)");
		return false;
	}
	if (value != floor(value)) {
		reader_fault(reader, at, FAULT_WRONG_TYPE, NULL, NULL, "a whole number is wanted, %.15g was given",
			     value);
		return false;
	}
	if (value < (double)minimum || value > (double)maximum) {
		struct range range = { (double)minimum, (double)maximum, false, false, NULL };
		if ((double)maximum >= JSON_INTEGER_MAX) {
			range.maximum = (double)INFINITY;
		}
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "%.15g is out of range: it must be %s", value,
			     range_words(reader, range));
		return false;
	}
	*out = (uint64_t)value;
	return true;
}

bool read_choice(struct reader *reader, const struct at *at, const cJSON *item, const char *const *words, size_t *out)
{
	const char *word = "";
	size_t count = 0;
	if (!read_string(reader, at, item, &word)) {
		return false;
	}
	for (; words[count] != NULL; count++) {
		if (strcmp(words[count], word) == 0) {
			*out = count;
			return true;
		}
	}
	const char *nearest = reader_suggest(reader, word, words, count);
	reader_fault(reader, at, FAULT_NOT_ALLOWED, nearest, words, "'%.100s' is none of the words allowed here%s%s%s",
		     word, nearest == NULL ? "" : ", did you mean ", nearest == NULL ? "" : nearest,
		     nearest == NULL ? "" : "?");
	return false;
}

bool read_vector(struct reader *reader, const struct at *at, const cJSON *item, size_t count, struct range range,
		 const double **out, size_t *out_count)
{
	if (!cJSON_IsArray(item)) {
		return wrong_type(reader, at, item, "an array of numbers");
	}
	size_t length = json_count(item), i = 0;
	if (count != 0 && length != count) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "%zu numbers are wanted, %zu were given",
			     count, length);
		return false;
	}
	double *values = arena_alloc(reader->arena, length, sizeof *values);
	bool fine = values != NULL;
	for (const cJSON *child = item->child; child != NULL && values != NULL; child = child->next, i++) {
		struct at here = { at, NULL, i };
		fine = read_real(reader, &here, child, range, &values[i]) && fine;
	}
	if (fine) {
		*out = values;
		*out_count = length;
	}
	return fine;
}

bool read_strings(struct reader *reader, const struct at *at, const cJSON *item, const char ***out, size_t *count)
{
	if (!cJSON_IsArray(item)) {
		return wrong_type(reader, at, item, "an array of strings");
	}
	size_t length = json_count(item), i = 0;
	const char **strings = arena_alloc(reader->arena, length, sizeof *strings);
	bool fine = strings != NULL;
	for (const cJSON *child = item->child; child != NULL && strings != NULL; child = child->next, i++) {
		struct at here = { at, NULL, i };
		fine = read_string(reader, &here, child, &strings[i]) && fine;
	}
	if (fine) {
		*out = strings;
		*count = length;
	}
	return fine;
}
