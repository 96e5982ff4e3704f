/*
 * What to say of a name that means nothing: which known one is near, what other programs call a function, which
 * character only looks like one that is meant.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/expression/syntax.h"

/* Names from elsewhere: where letters alone would lead to another function (asin to sin). */
static const struct {
	const char *other, *name;
} synonyms[] = {
	{ "asin", "arcsin" },
	{ "acos", "arccos" },
	{ "atan", "arctan" },
	{ "atan2", "arctan2" },
	{ "asinh", "arcsinh" },
	{ "acosh", "arccosh" },
	{ "atanh", "arctanh" },
	{ "ln", "log" },
	{ "lg", "log10" },
	{ "pow", "power" },
	{ "fabs", "abs" },
	{ "absolute", "abs" },
	{ "amax", "max" },
	{ "amin", "min" },
	{ "concatenate", "concat" },
	{ "hstack", "concat" },
	{ "cat", "concat" },
	{ "average", "mean" },
	{ "avg", "mean" },
	{ "logistic", "expit" },
	{ "sgn", "sign" },
	{ "inner", "dot" },
	{ "vdot", "dot" },
	{ "clamp", "clip" },
	{ "variance", "var" },
	{ "product", "prod" },
	{ "lse", "logsumexp" },
	{ "if", "where" },
	{ "frobenius", "norm" },
	{ "fmax", "maximum" },
	{ "fmin", "minimum" },
	{ "iif", "where" },
	{ "mse_loss", "mse" },
	{ "l1_loss", "mae" },
	{ "mean_squared_error", "mse" },
	{ "huber_loss", "huber" },
	{ "nll_loss", "nll" },
	{ "mean_absolute_error", "mae" },
	{ "smooth_l1_loss", "smooth_l1" },
	{ "pinball", "quantile" },
	{ "binary_cross_entropy", "bce" },
	{ "poisson_nll_loss", "poisson_nll" },
	{ "binary_cross_entropy_with_logits", "bce_with_logits" },
	{ "gaussian_nll_loss", "gaussian_nll" },
	{ "triplet_margin_loss", "triplet_margin" },
};

/* Characters of print and word processors, and what is typed for them. */
static const struct {
	const char *seen, *typed;
} lookalikes[] = {
	{ "\xe2\x88\x92", "-" },  { "\xe2\x80\x93", "-" },      { "\xe2\x80\x94", "-" },
	{ "\xc3\x97", "*" },      { "\xc2\xb7", "*" },          { "\xe2\x8b\x85", "*" },
	{ "\xe2\x88\x97", "*" },  { "\xc3\xb7", "/" },          { "\xc2\xb2", "**2" },
	{ "\xc2\xb3", "**3" },    { "\xe2\x89\xa4", "<=" },     { "\xe2\x89\xa5", ">=" },
	{ "\xe2\x80\x9c", "\"" }, { "\xe2\x80\x9d", "\"" },     { "\xe2\x80\x98", "'" },
	{ "\xe2\x80\x99", "'" },  { "\xe2\x88\x9a", "sqrt()" }, { "\xc2\xa0", "a plain space" },
};

const char *lookalike(const char *text, size_t length, size_t *size)
{
	for (size_t i = 0; i < sizeof lookalikes / sizeof lookalikes[0]; i++) {
		*size = strlen(lookalikes[i].seen);
		if (*size <= length && memcmp(text, lookalikes[i].seen, *size) == 0) {
			return lookalikes[i].typed;
		}
	}
	return NULL;
}

enum { FAR = 6 }; /* three changes */

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Changes between two words whatever the case: 2 for one of a character, 1 for a swap of two neighbours, at most FAR
 * (optimal string alignment, cut off). */
static size_t distance(const char *a, size_t n, const char *b)
{
	enum { MOST = 24 };
	size_t m = strlen(b), row[3][MOST + 1] = { { 0 } };
	if (n > MOST || m > MOST || n > m + FAR / 2 || m > n + FAR / 2) {
		return FAR;
	}
	for (size_t j = 0; j <= m; j++) {
		row[0][j] = 2 * j;
	}
	for (size_t i = 1; i <= n; i++) {
		size_t *own = row[i % 3];
		const size_t *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		own[0] = 2 * i;
		for (size_t j = 1; j <= m; j++) {
			const size_t change = above[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 2);
			own[j] = least_of(change, least_of(above[j], own[j - 1]) + 2);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1])) {
				own[j] = least_of(own[j], before[j - 2] + 1);
			}
		}
	}
	return least_of(row[n % 3][m], FAR);
}

/* Where half of a word is another one the two begin alike at least. */
static void consider(const struct ast_node *node, const char *name, size_t *nearest, const char **best)
{
	const size_t away = distance(node->name, node->name_length, name), length = node->name_length;
	if (away < *nearest && away < 2 * length && (away < length || same_letter(node->name[0], name[0]))) {
		*nearest = away;
		*best = name;
	}
}

static const char *near_function(const struct ast_node *node)
{
	size_t nearest = FAR;
	const char *best = NULL;
	for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
		if (strlen(synonyms[i].other) == node->name_length &&
		    memcmp(synonyms[i].other, node->name, node->name_length) == 0) {
			return synonyms[i].name;
		}
	}
	for (size_t i = 0; i < expression_function_count; i++) {
		consider(node, expression_functions[i].name, &nearest, &best);
	}
	return best;
}

enum { LOOKED_AT = 1000, NAME_SHOWN = 80 };

/* Of names before it, of the scope, of numbers; that of a statement is copied into own [NAME_SHOWN + 1]. */
static const char *near_value(const struct lowering *lowering, const struct ast_node *node, char *own)
{
	size_t nearest = FAR;
	const char *best = NULL;
	const struct expression_scope *scope = lowering->scope;
	for (size_t i = 0; i < scope->symbols && i < LOOKED_AT; i++) {
		consider(node, scope->symbol[i].name, &nearest, &best);
	}
	for (size_t i = 0; i < lowering->ast->bindings && i < LOOKED_AT; i++) {
		const struct ast_binding *binding = &lowering->ast->binding[i];
		char name[NAME_SHOWN + 1];
		const char *found = NULL;
		if (binding->name_length <= NAME_SHOWN && binding->position < node->position) {
			memcpy(name, binding->name, binding->name_length);
			name[binding->name_length] = '\0';
			consider(node, name, &nearest, &found);
		}
		if (found != NULL) {
			best = strcpy(own, name);
		}
	}
	if (!node->quoted) { /* in quotes it is a column that is meant */
		consider(node, "pi", &nearest, &best);
		consider(node, "e", &nearest, &best);
	}
	return best;
}

/* ": known are x, y, ..." */
static const char *known_names(const struct expression_scope *scope, char text[256])
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < scope->symbols && used < 160; i++) {
		used += (size_t)snprintf(text + used, 256 - used, "%s%.60s", i == 0 ? ": known are " : ", ",
					 scope->symbol[i].name);
		if (used >= 160 && i + 1 < scope->symbols) {
			snprintf(text + used, 256 - used, ", ...");
		}
	}
	return text;
}

/* Whether a name that is called is that of a value. */
static bool is_value(const struct lowering *lowering, const struct ast_node *node)
{
	bool found = names_find(lowering, node->name, node->name_length) != NULL;
	for (size_t i = 0; i < lowering->ast->bindings && !found; i++) {
		const struct ast_binding *binding = &lowering->ast->binding[i];
		found = binding->name_length == node->name_length &&
			memcmp(binding->name, node->name, node->name_length) == 0;
	}
	return found;
}

/* A character that only looks like another one, anywhere in the name. */
static bool fail_lookalike(struct lowering *lowering, const struct ast_node *node)
{
	size_t size;
	for (size_t i = 0; i < node->name_length; i++) {
		const char *typed = lookalike(node->name + i, node->name_length - i, &size);
		if (typed != NULL) {
			syntax_fail(lowering->error, E_INVALID, node->position + i,
				    "unknown name %.*s: write %s for the character %.*s",
				    node->name_length < NAME_SHOWN ? (int)node->name_length : NAME_SHOWN, node->name,
				    typed, (int)size, node->name + i);
			return true;
		}
	}
	return false;
}

size_t lower_unknown(struct lowering *lowering, const struct ast_node *node, const char *what)
{
	const bool function = node->kind == AST_CALL;
	const int shown = node->name_length < NAME_SHOWN ? (int)node->name_length : NAME_SHOWN;
	char own[NAME_SHOWN + 1], known[256];
	if (fail_lookalike(lowering, node)) {
		return NODE_NONE;
	}
	const char *best = function ? near_function(node) : near_value(lowering, node, own);
	if (!function && !node->quoted && expression_function_find(node->name, node->name_length) != NULL) {
		syntax_fail(lowering->error, E_INVALID, node->position, "%.*s is a function and wants its arguments",
			    shown, node->name);
	} else if (function && is_value(lowering, node)) {
		syntax_fail(lowering->error, E_INVALID, node->position,
			    "unknown function %.*s: it is a value; a product is written %.*s*(...)", shown, node->name,
			    shown, node->name);
	} else if (best != NULL) {
		syntax_fail(lowering->error, E_INVALID, node->position, "unknown %s %.*s, did you mean %s?", what,
			    shown, node->name, best);
		size_t length = strlen(best) < 63 ? strlen(best) : 63;
		memcpy(lowering->error->suggestion, best, length);
		lowering->error->suggestion[length] = '\0';
	} else {
		syntax_fail(lowering->error, E_INVALID, node->position, "unknown %s %.*s%s", what, shown, node->name,
			    function ? "" : known_names(lowering->scope, known));
	}
	return NODE_NONE;
}
