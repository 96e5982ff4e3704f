/*
 * A quadratic form in any dimension: f(x) = 0.5 x'Ax + b'x + c, A [n, n], b [n].
 *
 * A need not be symmetric: the gradient is 0.5 (A + A')x + b.
 */
#include "core/function/define.h"

extern const struct function_type function_quadratic;

/* Places in the table, so that evaluate() finds A and b without looking names up. */
enum { PLACE_A, PLACE_B, PLACE_C };

#define REAL_IS_FLOAT 1
#include "core/function/quadratic.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/quadratic.inc.c"

static const struct setting table[] = {
	[PLACE_A] = { .name = "A",
		      .kind = SETTING_MATRIX,
		      .required = true,
		      .minimum = -INFINITY,
		      .maximum = INFINITY,
		      .open_minimum = true,
		      .open_maximum = true,
		      .doc = "Matrix of the quadratic part, n rows of n numbers." },
	[PLACE_B] = { .name = "b",
		      .kind = SETTING_VECTOR,
		      .minimum = -INFINITY,
		      .maximum = INFINITY,
		      .open_minimum = true,
		      .open_maximum = true,
		      .doc = "Linear part, n numbers; zeros when left out." },
	[PLACE_C] = FUNCTION_CONSTANT("c", 0.0, "Constant part."),
};

static enum status check(const struct settings *settings, size_t n, struct error *error)
{
	const struct setting_value *a = &settings->value[PLACE_A];
	const struct setting_value *b = &settings->value[PLACE_B];
	if (a->values == NULL || a->rows != n || a->columns != n) {
		return error_set(error, E_INVALID,
				 "A must be %zu x %zu, as the initial point has %zu numbers; it is %zu x %zu", n, n, n,
				 a->rows, a->columns);
	}
	if (b->values != NULL && b->rows != 0 && b->rows != n) {
		return error_set(error, E_INVALID, "b must have %zu numbers like the initial point; it has %zu", n,
				 b->rows);
	}
	return OK;
}

static void prepare(const struct settings *settings, size_t n, double constants[16])
{
	(void)n;
	constants[0] = settings->value[PLACE_C].number;
}

const struct function_type function_quadratic = {
	.name = "quadratic",
	.doc = "0.5 x'Ax + b'x + c.",
	.source = "Nocedal and Wright 2006, Numerical Optimization, equation 5.2",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.check = check,
	.prepare = prepare,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.quadratic = true,
	.minimum_value = NAN,
};
