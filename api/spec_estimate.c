/* What a job will take: parameters, memory, updates. Computed before it is admitted. */
#include <string.h>

#include "api/spec.h"
#include "core/model/residual.h"
#include "core/base/size.h"
#include "core/certificate/certificate.h"
#include "core/train/trainer.h"

static const struct at at_model = { NULL, "model", 0 };

static void too_large(struct judge *judge, const char *detail)
{
	problem_set(judge->reader.problem, PROBLEM_MEMORY, "The job needs more memory than there is.");
	reader_fault(&judge->reader, &at_model, FAULT_OUT_OF_RANGE, NULL, NULL, "%s", detail);
}

/* *total += a * b * c, or false. */
static bool add_product(size_t *total, uint64_t a, size_t b, size_t c)
{
	size_t product;
	return a <= SIZE_MAX && size_multiply((size_t)a, b, &product) && size_multiply(product, c, &product) &&
	       size_add(*total, product, total);
}

/* Rows as the job sees them: x, y or label, and the order of the rows. */
static bool add_data(const struct job_spec *spec, size_t *total)
{
	uint64_t rows = spec->training_rows + spec->validation_rows;
	size_t number = dtype_size(spec->train.training.dtype);
	return add_product(total, rows, spec->shape.features, number) &&
	       add_product(total, rows, spec->shape.targets, number) &&
	       add_product(total, rows, 1, sizeof(int32_t) + sizeof(uint32_t));
}

/* What the optimizer wants of the parameters' tensors and of the objective: of its form alone, for nobody has asked yet
 * whether there is memory for it. */
static void check_objective(struct judge *judge)
{
	const struct at at_optimizer = { NULL, "optimizer", 0 }, at_type = { &at_optimizer, "type", 0 };
	const struct job_spec *spec = judge->spec;
	const struct optimizer_config *optimizer = &spec->train.optimizer;
	struct objective *objective = NULL;
	struct error error;
	const enum status status =
		model_build(&spec->model, &spec->shape, spec->train.training.dtype, 0, &objective, NULL);
	if (status != OK) {
		judge->failed = judge->failed || status == E_MEMORY;
		return;
	}
	if ((optimizer->type->fits != NULL &&
	     optimizer->type->fits(&optimizer->settings, objective->tensor, objective->tensors, &error) != OK) ||
	    (optimizer->type->suits != NULL && optimizer->type->suits(&optimizer->settings, objective, &error) != OK) ||
	    (objective->l1 != NULL && spec->train.direction != MAXIMIZE &&
	     optimizer_takes_l1(optimizer->type, &error) != OK)) {
		reader_fault(&judge->reader, &at_type, FAULT_NOT_ALLOWED, NULL, NULL, "%s", error.text);
	}
	objective_destroy(objective);
}

void judge_estimate(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	enum dtype dtype = spec->train.training.dtype;
	struct model_shape trained = spec->shape;
	size_t parameters = 0, bytes = 0, total = 0;
	if (!judge->shape_known || judge->reader.problem->faults_total > 0 || arena_failed(judge->reader.arena)) {
		return;
	}
	if (judge->model->has_layers || judge->model->plays) {
		const uint64_t batch = spec->train.training.batch_size, rows = spec->training_rows;
		trained.rows = (size_t)(batch == 0 || batch > rows ? rows : batch);
	}
	trained.products = spec->train.optimizer.type->products;
	enum status status = model_measure(&spec->model, &trained, dtype, judge->slots, &parameters, &bytes);
	if (status == OK) {
		spec->parameters = parameters;
		judge_path(spec);
		spec->numbers = spec->whole ? bytes / dtype_size(dtype) : 0;
		total = bytes;
		size_t outputs = judge->model->outputs != NULL ? judge->model->outputs(&spec->model, &spec->shape)
				 : spec->shape.classes > 0     ? spec->shape.classes
							       : spec->shape.targets;
		const struct loss_type *loss = spec->model.loss;
		struct row_loss row = { .kinked = false };
		if (judge->model->linear && loss != NULL && loss->describe != NULL) {
			loss->describe(&spec->model.loss_settings, &row);
		}
		const struct optimizer_shape shape = { .n = parameters,
						       .rows = spec->training_rows,
						       .outputs = outputs,
						       .linear = judge->model->linear,
						       .kinked = row.kinked,
						       .players = judge->model->plays ? 2 : 0 };
		status = trainer_measure(&spec->train, &shape, &bytes);
		if (status == OK && !size_add(total, bytes, &total)) {
			status = E_TOO_LARGE;
		}
		if (status == OK && spec->train.training.restarts > 1 &&
		    !add_product(&total, 3, bytes, 1)) { /* the best state, the checkpoint, points to start from */
			status = E_TOO_LARGE;
		}
		if (status == OK) {
			status = certificate_measure(&spec->model, parameters, spec->shape.features, outputs,
						     spec->training_rows, &bytes);
		}
	}
	if (status == OK &&
	    (optimizer_needs(spec->train.optimizer.type, &spec->train.optimizer.settings) & NEEDS_SQUARES)) {
		total += model_residual_bytes(&spec->model, &spec->shape, dtype);
	}
	if (status == OK && (!size_add(total, bytes, &total) || !add_data(spec, &total))) {
		status = E_TOO_LARGE;
	}
	if (status == E_TOO_LARGE) {
		too_large(judge, "the model has more parameters, or numbers in between, than a machine can address");
	} else if (status == E_MEMORY) {
		judge->failed = true;
	} else if (status != OK) {
		reader_fault(&judge->reader, &at_model, FAULT_OUT_OF_RANGE, NULL, NULL, "the model cannot be built: %s",
			     status_text(status));
	}
	if (status == OK) {
		check_objective(judge);
	}
	spec->memory_bytes = total;
	spec->train_rows = trained.rows;
}
