/*
 * Settings as data: what an optimizer, schedule, loss, activation, model or function can be told.
 *
 * A type record points to an array of `struct setting`; validation, defaults, the catalog and
 * the JSON Schemas are all made from it. The values that a job chose stand in a `struct settings`,
 * in the order of the table.
 *
 * Invariant: every value that reaches a core function lies in the range its entry states.
 */
#ifndef CORE_BASE_SETTING_H
#define CORE_BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>

enum setting_kind {
	SETTING_REAL,    /* a number */
	SETTING_INTEGER, /* a whole number, |v| <= 2^53 */
	SETTING_BOOL,
	SETTING_CHOICE, /* one of `choices` */
	SETTING_VECTOR, /* an array of numbers; `length` of them when not 0 */
	SETTING_PAIR,   /* two whole numbers, height and width, or one for both */
	SETTING_MATRIX, /* an array of rows of numbers, all of one length */
};

struct setting {
	const char *name;
	enum setting_kind kind;
	bool required;  /* no default: the job must give it */
	bool nullable;  /* null is allowed and reads as "off": NAN, of a CHOICE its first word */
	double preset;  /* default: number, 0/1, index of a choice; NAN with nullable: off by default */
	double minimum; /* bounds of a number, or of each number of a vector */
	double maximum;
	bool open_minimum; /* the bound itself is excluded */
	bool open_maximum;
	size_t length;               /* of a VECTOR, 0: any */
	const double *preset_values; /* default of a VECTOR, `length` numbers; NULL: empty */
	const char *const *choices;  /* NULL-terminated */
	const char *doc;             /* one sentence */
};

struct setting_value {
	double number;        /* REAL, INTEGER; BOOL 0 or 1; CHOICE its index; NAN: off */
	const double *values; /* VECTOR, MATRIX: row-major; borrowed from the job's arena */
	size_t rows, columns; /* MATRIX; a VECTOR has rows = its length, columns = 1 */
	bool given;           /* the job named it (false: the default stands here) */
};

/* The chosen values of one table. Borrows both. */
struct settings {
	const struct setting *table;
	size_t count;
	const struct setting_value *value;
};

/* Looks a setting up by name. A name that the table lacks is a programmer's error (assert). */
const struct setting_value *settings_get(const struct settings *settings, const char *name);
double settings_number(const struct settings *settings, const char *name);
bool settings_bool(const struct settings *settings, const char *name);
/* The chosen word of a CHOICE. */
const char *settings_choice(const struct settings *settings, const char *name);

/* Writes the default of every entry of `table` into value[0..count). */
void settings_defaults(const struct setting *table, size_t count, struct setting_value *value);

/* The nearest of `names` (NULL-terminated array of `count` names) to a mistyped word by edit
 * distance, or NULL when none is near (distance > 2 + length/4). Borrowed from `names`. */
const char *nearest_name(const char *word, const char *const *names, size_t count);

#endif
