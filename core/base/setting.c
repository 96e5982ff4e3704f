/* Look-ups in tables of settings, and the nearest known name to a mistyped one. */
#include "core/base/setting.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

const struct setting_value *settings_get(const struct settings *settings, const char *name)
{
	static const struct setting_value nothing = { .number = 0 };
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, name) == 0) {
			return &settings->value[i];
		}
	}
	assert(!"a setting that its table lacks");
	return &nothing;
}

double settings_number(const struct settings *settings, const char *name)
{
	return settings_get(settings, name)->number;
}

bool settings_bool(const struct settings *settings, const char *name)
{
	return settings_get(settings, name)->number != 0.0;
}

const char *settings_choice(const struct settings *settings, const char *name)
{
	const struct setting_value *value = settings_get(settings, name);
	const struct setting *setting = &settings->table[value - settings->value];
	assert(setting->kind == SETTING_CHOICE);
	return setting->choices[(size_t)value->number];
}

void settings_defaults(const struct setting *table, size_t count, struct setting_value *value)
{
	for (size_t i = 0; i < count; i++) {
		bool array = table[i].kind == SETTING_VECTOR || table[i].kind == SETTING_PAIR ||
			     table[i].kind == SETTING_MATRIX;
		bool filled = array && table[i].preset_values != NULL;
		value[i] = (struct setting_value){
			.number = table[i].preset,
			.values = filled ? table[i].preset_values : NULL,
			.rows = filled ? table[i].length : 0,
			.columns = array ? 1 : 0,
			.given = false,
		};
	}
}

/* Longest word compared; a longer one is near nothing. */
enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a`; both at most WORD_MAX
 * characters. Source: optimal string alignment (Damerau 1964 restricted), rows i-2, i-1, i of its table kept. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= b_length; j++) {
		last[j] = j;
		before[j] = j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(replaced, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				now[j] = least(now[j], before[j - 2] + 1);
			}
		}
		size_t *free_row = before;
		before = last;
		last = now;
		now = free_row;
	}
	return last[b_length];
}

const char *nearest_name(const char *word, const char *const *names, size_t count)
{
	size_t length = strnlen(word, WORD_MAX + 1);
	if (length > WORD_MAX) {
		return NULL;
	}
	const char *nearest = NULL;
	size_t reach = 2 + length / 4;
	size_t best = reach + 1;
	for (size_t i = 0; i < count && names[i] != NULL; i++) {
		size_t name_length = strnlen(names[i], WORD_MAX + 1);
		if (name_length > WORD_MAX) {
			continue;
		}
		if (strcasecmp(word, names[i]) == 0) {
			return names[i];
		}
		size_t distance = edit_distance(word, length, names[i], name_length);
		/* Near: half of the longer word stays ("sg" is "sgd", "z" is not "a"). */
		size_t longer = length > name_length ? length : name_length;
		if (distance < best && 2 * distance <= longer) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}
