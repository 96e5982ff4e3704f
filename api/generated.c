#include "api/generated.h"

#include <string.h>

#include "api/spec.h"

static const struct at at_dataset = { NULL, "dataset", 0 };
static const struct at at_generator = { &at_dataset, "generator", 0 };

/* Numbers in a piece: 512 KiB of them. */
enum { PIECE = 65536 };

static const cJSON *generator_item(const struct job_draft *draft)
{
	const cJSON *dataset = cJSON_GetObjectItemCaseSensitive(draft->root, "dataset");
	return cJSON_IsObject(dataset) ? cJSON_GetObjectItemCaseSensitive(dataset, "generator") : NULL;
}

bool job_draft_has_generator(const struct job_draft *draft)
{
	return generator_item(draft) != NULL && !job_draft_has_inline(draft) && job_draft_dataset_id(draft) == NULL;
}

/* A setting at fault by itself was noted and stands at its default, so that only what is judged of all together may
 * still be wrong: said where the client gave that setting, else where the generator stands. */
static void note_together(struct reader *reader, const struct settings *settings, const char *setting,
			  const struct error *error)
{
	struct at here = { &at_generator, setting, 0 };
	const bool given = settings_get(settings, setting)->given;
	reader_fault(reader, given ? &here : &at_generator, FAULT_OUT_OF_RANGE, NULL, NULL, "%s", error->text);
}

static enum status read_generator(struct judge *judge, const cJSON *item, struct generator **out)
{
	struct entry *list = arena_alloc(judge->reader.arena, generator_type_count, sizeof *list);
	struct problem *problem = judge->reader.problem;
	const size_t before = problem->faults_total;
	struct generator_shape shape;
	struct settings settings;
	struct error error;
	const char *setting;
	for (size_t i = 0; list != NULL && i < generator_type_count; i++) {
		const struct generator_type *type = generator_types[i];
		list[i] = (struct entry){ type->name, type->settings, type->setting_count, type };
	}
	if (list == NULL) {
		return E_MEMORY;
	}
	const struct kind kind = { .what = "generator", .entries = list, .count = generator_type_count };
	const long index = typed_find(judge, &at_generator, item, &kind, -1, false);
	if (index < 0) {
		return E_INVALID;
	}
	typed_read(judge, &at_generator, item, &kind, index, NULL, 0, &settings);
	if (arena_failed(judge->reader.arena)) {
		return E_MEMORY;
	}
	if (problem->faults_total > before) {
		return E_INVALID;
	}
	const struct generator_type *type = generator_types[index];
	if (generator_check(type, &settings, &shape, &setting, &error) != OK) {
		note_together(&judge->reader, &settings, setting, &error);
		return E_INVALID;
	}
	return generator_create(type, &settings, out, NULL);
}

enum status job_draft_generator(const struct job_draft *draft, struct generator **out, struct problem *problem)
{
	struct judge judge = { .reader = { problem, arena_create() }, .draft = draft };
	*out = NULL;
	if (judge.reader.arena == NULL) {
		return E_MEMORY;
	}
	enum status status = read_generator(&judge, generator_item(draft), out);
	if (status == E_INVALID && arena_failed(judge.reader.arena)) {
		status = E_MEMORY;
	}
	arena_destroy(judge.reader.arena);
	return status;
}

void generated_header(const struct generator *generator, struct text *out)
{
	char name[GENERATOR_NAME];
	for (size_t j = 0; j < generator_columns(generator); j++) {
		generator_column_name(generator, j, name);
		text_puts(out, j == 0 ? "" : ",");
		text_puts(out, name);
	}
	text_puts(out, "\n");
}

size_t generated_piece(const struct generator *generator)
{
	const size_t columns = generator_columns(generator), rows = generator->shape.rows;
	const size_t piece = columns >= PIECE ? 1 : PIECE / columns;
	return piece < rows ? piece : rows;
}

void generated_rows(const struct generator *generator, size_t begin, size_t end, double *scratch, struct text *out)
{
	const size_t columns = generator_columns(generator);
	generator_fill(generator, begin, end, scratch);
	for (size_t i = begin; i < end; i++) {
		for (size_t j = 0; j < columns; j++) {
			text_add(out, ",", j == 0 ? 0 : 1);
			text_json_double(out, *scratch++);
		}
		text_add(out, "\n", 1);
	}
}
