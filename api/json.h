/*
 * Reading JSON strictly: from bytes to a tree, and from the tree to typed values, collecting every fault with
 * the place where it lies. Private to api/.
 *
 * Invariants
 *  1. A tree that json_parse gave is well-formed JSON of UTF-8 without NUL characters, at most JSON_DEPTH_MAX deep, of
 * at most JSON_VALUES_MAX values. Duplicate keys may be in it: json_duplicates notes them.
 *  2. Arrays and objects are walked by their links, never indexed: look-ups in cJSON are linear.
 *  3. A reader never stops at the first fault, and never reads a value that it found a fault with.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/arena.h"
#include "api/problem.h"
#include "core/base/setting.h"

enum { JSON_DEPTH_MAX = 64, JSON_VALUES_MAX = 2000000 };

/* The largest whole number that a JSON reader of doubles can tell from its neighbours: 2^53 - 1. */
#define JSON_INTEGER_MAX 9007199254740991.0

/* A flag in the type of a number: a whole number, written in digits alone, that no double holds, such as
 * 9007199254740993: cJSON rounded it. json_parse sets it; cJSON uses the lower bits. */
enum { JSON_ROUNDED = 1 << 16 };
bool json_is_rounded(const cJSON *item);
/* Sets the flag where it is due, in the tree of a body that json_scan found well-formed. */
void json_mark_rounded(const char *body, size_t length, cJSON *root);

/* Checks the grammar and UTF-8. False, with PROBLEM_MALFORMED (line and column) or PROBLEM_TOO_LARGE. */
bool json_scan(const char *body, size_t length, struct problem *problem);
/* The same of a part of a body that begins with this line, from 1. */
bool json_scan_line(const char *body, size_t length, size_t line, struct problem *problem);

/* How many values a text has at most, without reading it, and the bytes that the tree of them takes. */
uint64_t json_values(const char *body, size_t length);
uint64_t json_tree_bytes(const char *body, size_t length);
/* The tree of a body; returned owned (cJSON_Delete). E_INVALID with a problem, E_MEMORY. */
enum status json_parse(const char *body, size_t length, cJSON **out, struct problem *problem);

/* Where in the document a reader is: a chain on its stack. The root is NULL. */
struct at {
	const struct at *up;
	const char *key; /* NULL: an element of an array */
	size_t index;
};

struct reader {
	struct problem *problem;
	struct arena *arena; /* owns what is read and the lists that faults show */
};

/* Notes a fault at a place. */
void reader_fault(struct reader *reader, const struct at *at, enum fault_code code, const char *suggestion,
		  const char *const *allowed, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Notes that no float64 holds a number as it was written. */
void reader_fault_rounded(struct reader *reader, const struct at *at);
/* Notes each key that an object of the tree has twice. */
void json_duplicates(struct reader *reader, const struct at *at, const cJSON *item);

/* The nearest of some names to a mistyped word, or NULL; gives up on what would take long. */
const char *reader_suggest(const struct reader *reader, const char *word, const char *const *names, size_t count);

/* A field that an object may have. */
struct field {
	const char *name;
	const char *later; /* not available yet: the sentence that says so; NULL: available */
	bool foreign;      /* of others: the reader refuses it, and it is not named among what is allowed */
	const cJSON *item; /* out: the value, or NULL; a `later` one keeps NULL */
};

/* Called for a field that is not known; true when it noted a fault itself. */
typedef bool explain_field(struct reader *reader, const struct at *at, const cJSON *item, const void *context);

/* Sorts the members of an object into fields; notes unknown ones and those to come later. False when it is no object
 * (noted). explain may be NULL. */
bool read_object(struct reader *reader, const struct at *at, const cJSON *item, struct field *fields, size_t count,
		 explain_field *explain, const void *context);

/* Typed values. False when it is something else (noted), with *out untouched. `what` names the value in words for the
 * reader of the fault, as "a number above 0". */
bool read_string(struct reader *reader, const struct at *at, const cJSON *item, const char **out);
bool read_bool(struct reader *reader, const struct at *at, const cJSON *item, bool *out);
struct range {
	double minimum, maximum;
	bool open_minimum, open_maximum;
	const char *reason; /* what the number is, for the fault: a sentence; NULL: nothing */
};
bool read_real(struct reader *reader, const struct at *at, const cJSON *item, struct range range, double *out);
bool read_integer(struct reader *reader, const struct at *at, const cJSON *item, uint64_t minimum, uint64_t maximum,
		  uint64_t *out);
/* One of NULL-terminated words; the index of it. */
bool read_choice(struct reader *reader, const struct at *at, const cJSON *item, const char *const *words, size_t *out);
/* An array of numbers (count of them when not 0, any number else), in the arena. */
bool read_vector(struct reader *reader, const struct at *at, const cJSON *item, size_t count, struct range range,
		 const double **out, size_t *out_count);
/* Strings of an array, borrowed from the tree. */
bool read_strings(struct reader *reader, const struct at *at, const cJSON *item, const char ***out, size_t *count);

/* Children of an array or object, by walking. */
size_t json_count(const cJSON *item);
/* "a string", "null", ... */
const char *json_kind(const cJSON *item);

/* samples.c: what a body asks of a generator; false: nothing. Each item may be NULL. */
struct model_card;
struct sampling;
bool samples_read(struct reader *reader, const struct model_card *card, const cJSON *inputs, const cJSON *samples,
		  const cJSON *seed, const cJSON *latents, struct sampling *out);

/* Reads the settings of a table from fields (parallel to the table), filling in defaults where there is none.
 * Returns the values of *out, writable; never NULL. */
struct setting_value *read_settings(struct reader *reader, const struct at *at, const struct setting *table,
				    size_t count, const struct field *fields, struct settings *out);
/* The settings as members of a JSON object, each with a comma before it. */
void settings_render(const struct settings *settings, struct text *out);

#endif
