#include "api/expressions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "core/expression/evaluate.h"

enum { VARIABLES_MAX = 256, NUMBERS_MAX = 32 * 1024 };

void expression_fault(struct problem *problem, const char *pointer, const char *text,
		      const struct expression_error *error)
{
	enum fault_code code = strncmp(error->text, "unknown ", 8) == 0 ? FAULT_NOT_FOUND
			       : error->status == E_TOO_LARGE           ? FAULT_OUT_OF_RANGE
									: FAULT_NOT_ALLOWED;
	problem_fault(problem, pointer, code, error->suggestion[0] != '\0' ? error->suggestion : NULL, NULL,
		      "%s (at character %zu)", error->text, expression_character(text, error->position));
	problem_fault_position(problem, expression_character(text, error->position));
}

struct request {
	struct reader reader;
	const char *expression;
	struct expression_variable variable[VARIABLES_MAX];
	size_t count, numbers;
};

static const struct at at_variables = { NULL, "variables", 0 };

static const struct range any_number = { -(double)INFINITY, (double)INFINITY, false, false, NULL };

/* A row of numbers behind each other. False where one is no number (noted). */
static bool read_row(struct reader *reader, const struct at *at, const cJSON *row, double **to)
{
	size_t i = 0;
	bool good = true;
	for (const cJSON *item = row->child; item != NULL; item = item->next, i++) {
		struct at here = { at, NULL, i };
		good = read_real(reader, &here, item, any_number, (*to)++) && good;
	}
	return good;
}

static bool read_list(struct reader *reader, const struct at *at, const cJSON *item, size_t limit, struct shape *shape,
		      const double **values)
{
	size_t rows = json_count(item), columns = rows > 0 ? json_count(item->child) : 0, i = 0;
	bool matrix = rows > 0 && cJSON_IsArray(item->child), good = true;
	size_t size = matrix ? rows * columns : rows; /* both below the number of values of a body */
	*shape = (struct shape){ .rank = matrix ? 2 : 1, .extent = { rows, matrix ? columns : 0 } };
	if (size == 0 || size > limit) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     limit < NUMBERS_MAX
				     ? "between 1 and %zu numbers are wanted here: %d in all, and there are more before"
				     : "between 1 and %zu numbers are wanted here",
			     limit, NUMBERS_MAX);
		return false;
	}
	double *to = arena_alloc(reader->arena, size, sizeof *to);
	*values = to;
	if (to == NULL) {
		return false;
	}
	if (!matrix) {
		return read_row(reader, at, item, &to);
	}
	for (const cJSON *row = item->child; row != NULL; row = row->next, i++) {
		struct at here = { at, NULL, i };
		if (!cJSON_IsArray(row) || json_count(row) != columns) {
			reader_fault(reader, &here, FAULT_WRONG_TYPE, NULL, NULL,
				     "a row of %zu numbers is wanted, as the first one is", columns);
			return false;
		}
		good = read_row(reader, &here, row, &to) && good;
	}
	return good;
}

bool tensor_read(struct reader *reader, const struct at *at, const cJSON *item, size_t limit, struct shape *shape,
		 const double **values)
{
	if (cJSON_IsArray(item)) {
		return read_list(reader, at, item, limit, shape, values);
	}
	double *to = arena_alloc(reader->arena, 1, sizeof *to);
	*shape = (struct shape){ .rank = 0 };
	*values = to;
	return to != NULL && read_real(reader, at, item, any_number, to);
}

static void read_variable(struct request *request, const cJSON *item)
{
	struct at at = { &at_variables, item->string, 0 };
	struct expression_variable *variable = &request->variable[request->count];
	if (request->count == VARIABLES_MAX) {
		return;
	}
	if (expression_reserved(item->string)) {
		reader_fault(&request->reader, &at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "%s is the name of a function or a number", item->string);
	} else if (tensor_read(&request->reader, &at, item, NUMBERS_MAX - request->numbers, &variable->shape,
			       &variable->values)) {
		variable->name = item->string;
		request->numbers += shape_size(&variable->shape);
		request->count++;
	}
}

static void read_request(struct request *request, const cJSON *root)
{
	struct field fields[] = { { .name = "expression" }, { .name = "variables" } };
	struct at at_expression = { NULL, "expression", 0 };
	json_duplicates(&request->reader, NULL, root);
	if (!read_object(&request->reader, NULL, root, fields, 2, NULL, NULL)) {
		return;
	}
	if (fields[0].item == NULL) {
		reader_fault(&request->reader, &at_expression, FAULT_MISSING, NULL, NULL,
			     "say what to evaluate, for example \"3*x - y/4\"");
	} else {
		read_string(&request->reader, &at_expression, fields[0].item, &request->expression);
	}
	const cJSON *variables = fields[1].item;
	if (variables != NULL && !cJSON_IsObject(variables)) {
		reader_fault(&request->reader, &at_variables, FAULT_WRONG_TYPE, NULL, NULL,
			     "an object {name: numbers} is wanted, %s was given", json_kind(variables));
	} else if (variables != NULL && json_count(variables) > VARIABLES_MAX) {
		reader_fault(&request->reader, &at_variables, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "at most %d variables are taken", VARIABLES_MAX);
	} else {
		for (const cJSON *item = variables != NULL ? variables->child : NULL; item != NULL; item = item->next) {
			read_variable(request, item);
		}
	}
}

static void render_numbers(const struct shape *shape, const double *values, struct text *out)
{
	size_t columns = shape->rank == 2 ? shape->extent[1] : shape->rank == 1 ? shape->extent[0] : 1;
	size_t rows = shape->rank == 2 ? shape->extent[0] : 1;
	text_puts(out, shape->rank == 2 ? "[" : "");
	for (size_t i = 0; i < rows; i++) {
		text_puts(out, i > 0 ? "," : "");
		text_puts(out, shape->rank > 0 ? "[" : "");
		for (size_t j = 0; j < columns; j++) {
			text_puts(out, j > 0 ? "," : "");
			text_json_double(out, values[i * columns + j]);
		}
		text_puts(out, shape->rank > 0 ? "]" : "");
	}
	text_puts(out, shape->rank == 2 ? "]" : "");
}

static const char *nonfinite_word(double value)
{
	return isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/* What `null` stands for: [{"name": "value", "value": "NaN"}, {"name": "u", "index": 2, ...}]. */
static void render_nonfinite(const struct request *request, double value, const double *gradient, struct text *out)
{
	bool any = false;
	if (!isfinite(value)) {
		text_printf(out, ",\"nonfinite\":[{\"of\":\"value\",\"value\":\"%s\"}", nonfinite_word(value));
		any = true;
	}
	for (size_t i = 0; i < request->count; i++) {
		size_t size = shape_size(&request->variable[i].shape);
		for (size_t j = 0; j < size; j++, gradient++) {
			if (isfinite(*gradient)) {
				continue;
			}
			text_puts(out, any ? ",{\"of\":\"gradient\",\"name\":"
					   : ",\"nonfinite\":[{\"of\":\"gradient\",\"name\":");
			text_json_string(out, request->variable[i].name);
			text_printf(out, ",\"index\":%zu,\"value\":\"%s\"}", j, nonfinite_word(*gradient));
			any = true;
		}
	}
	text_puts(out, any ? "]" : "");
}

static void render(const struct request *request, double value, const double *gradient, struct text *out)
{
	const double *at = gradient;
	text_puts(out, "{\"value\":");
	text_json_double(out, value);
	text_puts(out, ",\"gradient\":{");
	for (size_t i = 0; i < request->count; i++) {
		text_puts(out, i > 0 ? "," : "");
		text_json_string(out, request->variable[i].name);
		text_puts(out, ":");
		render_numbers(&request->variable[i].shape, at, out);
		at += shape_size(&request->variable[i].shape);
	}
	text_puts(out, "}");
	render_nonfinite(request, value, gradient, out);
	text_puts(out, "}");
}

static enum status evaluate(struct request *request, struct text *out)
{
	struct expression_error error;
	double value, *gradient = arena_alloc(request->reader.arena, request->numbers + 1, sizeof *gradient);
	if (gradient == NULL) {
		return E_MEMORY;
	}
	enum status status = expression_evaluate(request->expression, strlen(request->expression), request->variable,
						 request->count, &value, gradient, &error);
	if (status == OK) {
		render(request, value, gradient, out);
	} else if (status != E_MEMORY) {
		expression_fault(request->reader.problem, "/expression", request->expression, &error);
		status = E_INVALID;
	}
	return status;
}

uint64_t expressions_memory(const char *body, size_t length)
{
	return json_tree_bytes(body, length) + json_values(body, length) * sizeof(double) + length;
}

enum status expressions_evaluate(const char *body, size_t length, struct text *out, struct problem *problem)
{
	cJSON *root = NULL;
	enum status status = json_parse(body, length, &root, problem);
	struct request *request = calloc(1, sizeof *request);
	struct arena *arena = arena_create();
	if (status == OK && (request == NULL || arena == NULL)) {
		status = E_MEMORY;
	}
	if (status == OK) {
		request->reader = (struct reader){ .problem = problem, .arena = arena };
		read_request(request, root);
		status = problem_any(problem) ? E_INVALID : arena_failed(arena) ? E_MEMORY : evaluate(request, out);
	}
	arena_destroy(arena);
	free(request);
	cJSON_Delete(root);
	return status;
}
