/*
 * Judging a job: what the files spec_*.c share. Private to api/.
 *
 * Flow of job_spec_resolve (job_spec.c): top-level fields -> which model and loss (spec_model.c) -> the columns
 * (spec_dataset.c) -> the model's settings and layers -> training, optimizer, stopping, recording -> initial
 * parameters -> estimate -> the document (spec_document.c). A part that is wrong is noted and left at its
 * default, so that the parts after it are judged all the same.
 */
#ifndef API_SPEC_H
#define API_SPEC_H

#include "api/job_spec.h"
#include "api/json.h"

struct expression_parameter;

struct job_draft {
	cJSON *root; /* an object */
};

/* The top-level fields of a job, in the order of `top_names` in job_spec.c. */
enum top {
	TOP_NAME,
	TOP_METADATA,
	TOP_DATASET,
	TOP_MODEL,
	TOP_OPTIMIZER,
	TOP_TRAINING,
	TOP_STOPPING,
	TOP_DIRECTION,
	TOP_RECORDING,
	TOP_GRADIENT_CHECK,
	TOP_COUNT
};

/* One type record of core, seen alike whatever table it stands in. */
struct entry {
	const char *name;
	const struct setting *settings;
	size_t setting_count;
	const void *type;
};

/* A table of core. `what` in words: "optimizer". */
struct kind {
	const char *what;
	const struct entry *entries;
	size_t count;
	const char *owner; /* where the table is a part of another, who has that: a model; NULL */
};

struct judge {
	struct reader reader;
	const struct job_draft *draft;
	const struct dataset_info *info;       /* NULL: none, or not known */
	const struct dataset_info *validation; /* likewise */
	size_t slots;
	struct job_spec *spec; /* what is being filled in */
	struct field top[TOP_COUNT];

	struct kind models, losses, activations, layers, inits, functions, optimizers,
		schedules;              /* losses: those of the model */
	const struct model_type *model; /* NULL: not known, so nothing that depends on it is judged */
	const struct loss_type *loss;   /* the one that the job names; NULL: none named */
	bool stored;  /* a document that was admitted before: bounds that depend on the number of rows are not judged
			 again */
	bool alone;   /* the dataset was not looked up: says nothing of it */
	bool rowless; /* a function, or an expression without a dataset */
	const char *couples;   /* why the rows of an expression cannot be taken apart; NULL: they can */
	bool shape_known;      /* spec->shape holds */
	bool columns_known;    /* features and targets were found, so that rows and standard deviations count */
	bool optimizer_named;  /* the job says type, learning_rate or schedule */
	const char *auto_why;  /* which optimizer was chosen for the job, and why; NULL: the job named it */
	bool decay_said;       /* the job says decoupled_weight_decay */
	double start_products; /* that the starts of an expression's parameters take, see core/graph/start.h */
	bool failed;           /* memory */
	size_t warning_room;
	size_t filled; /* numbers that are not trained and of which the job says one for all */
};

/* --- typed.c: things that a table describes --- */

/* Lists of the tables of core. */
void judge_tables(struct judge *judge);
/* The losses that a model takes (all of core's when model is NULL). */
struct kind judge_losses(struct judge *judge, const struct model_type *model);
/* The index of a name in a kind, or -1. */
long kind_find(const struct kind *kind, const char *name);
const char *const *kind_names(struct judge *judge, const struct kind *kind);
/* The index of the entry that `item` (a name, or an object with `type`) names; `preset` when it names none, or with
 * preset < 0 a fault. -1 when there is none (noted unless `quiet`). */
long typed_find(struct judge *judge, const struct at *at, const cJSON *item, const struct kind *kind, long preset,
		bool quiet);
/* Reads an object {"type", extra fields, settings of the entry}; or just a name. Settings of others of its kind are
 * noted as theirs. Returns the values (writable, those of *out), NULL without memory. item may be NULL: all defaults.
 */
struct setting_value *typed_read(struct judge *judge, const struct at *at, const cJSON *item, const struct kind *kind,
				 long index, struct field *extra, size_t extras, struct settings *out);
/* The value of a setting by name, NULL when the table lacks it. */
struct setting_value *value_find(const struct settings *settings, struct setting_value *values, const char *name);
/* `words` beside `names`: a list for people, "a, b and c". */
const char *join_words(struct judge *judge, const char *const *names, size_t count);

/* Fields of an expression, in the order in which judge_expression takes them. */
enum expression_field {
	EXPRESSION_OBJECTIVE,
	EXPRESSION_PREDICTION,
	EXPRESSION_PARAMETERS,
	EXPRESSION_CONSTANTS,
	EXPRESSION_COLUMNS,
};

/* spec_expression.c: the model expression; spec_expression_render.c: its part of the document. */
void judge_expression(struct judge *judge, const struct field *fields);
void expression_render(const struct judge *judge, struct text *out);
/* spec_parameter.c: one of its parameters, a number, nested lists or {"shape", "init", "min", "max", "trainable"}, into
 * *out, whose name is set. False, and a fault noted: neither. *trainable is left as it is where nothing is said. */
enum { CONSTANT_NUMBERS_MAX = 1000000 }; /* of what is not trained, and of bounds */
bool judge_parameter(struct judge *judge, const struct at *at, const cJSON *item, struct expression_parameter *out,
		     bool *trainable);
/* The values of one that is not trained; NULL: its start is drawn, there are too many (those that the job does not
 * write out, of all its parameters together), or no memory. */
const double *parameter_values(struct judge *judge, const struct expression_parameter *parameter);
/* spec_document.c: ,"name":{"type": type, settings} */
void member_typed(struct text *out, const char *name, const char *type, const struct settings *settings);

/* spec_layers.c: layers, their activations and initialisers; whether the layers fit one another, once the shape is
 * known. */
void judge_layers(struct judge *judge, const cJSON *item);
/* A name or an object; item NULL or null: none, and nothing is changed. */
void judge_init(struct judge *judge, const struct at *at, const cJSON *item, const struct init_type **init,
		struct settings *settings);
void judge_network_init(struct judge *judge, const cJSON *item);
/* A player of a game: {"layers": [...]}. */
void judge_player(struct judge *judge, const char *name, const cJSON *item, struct network_config *out);
/* Whether the parts of the model fit one another and the data. */
void judge_fit(struct judge *judge);
/* spec_game.c: what a game cannot be asked for. */
void judge_game(struct judge *judge);
/* Whether the first layer that the job names reads whole numbers, which must not be standardised. */
bool network_reads_indices(const struct judge *judge);
/* spec_target.c: of a model of embeddings, whether rows hold the members of its pairs, and the kind of target that it
 * wants then. Where the job leaves it open this depends on whether there is a target: asked before the targets are
 * taken it answers for none. */
bool judge_pairs_in_rows(const struct judge *judge);
enum target_kind judge_embeds_target(const struct judge *judge);
/* spec_common.c: what any optimizer takes. The items may be NULL. */
void judge_decay(struct judge *judge, const cJSON *amount, const cJSON *decoupled);
void judge_averages(struct judge *judge, const cJSON *ema, const cJSON *averaging);
void judge_sampling(struct judge *judge); /* once the batch is known */
void common_render(const struct judge *judge, struct text *out);
/* Bounds of `size` numbers: one for all, or a list with null (and none at all) for `none`. NULL: no memory. */
const double *bounds_read(struct judge *judge, const struct at *at, const cJSON *item, size_t size, double none);
/* Notes where lower > upper; of each there are as many, or 1 for all. */
bool bounds_check(struct judge *judge, const struct at *at, const double *lower, size_t lowers, const double *upper,
		  size_t uppers);

/* --- the parts --- */
/* Judges a draft whose dataset nobody has looked up: all faults that can be found without it. */
void draft_judge_alone(const struct job_draft *draft, struct problem *problem);
void judge_warn(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
void judge_names(struct judge *judge);      /* spec_names.c: name, metadata */
void judge_model_type(struct judge *judge); /* spec_model.c: which model and loss */
void judge_dataset(struct judge *judge);    /* spec_dataset.c */
void judge_model(struct judge *judge);      /* spec_model.c: settings, layers, function */
void judge_optimizer(struct judge *judge);  /* spec_optimizer.c */
void judge_training(struct judge *judge);   /* spec_training.c: training, direction */
void judge_ranges(struct judge *judge);     /* spec_range.c: values of the columns, once dtype is known */
void judge_needs(struct judge *judge);      /* spec_optimizer.c: whether optimizer and job go together */
void judge_stopping(struct judge *judge);   /* spec_stopping.c: stopping, recording */
/* spec_stopping.c, once the model is measured: what recording.parameters is where it is not said; whether that fits. */
void judge_path(struct job_spec *spec);
void judge_recorded_parameters(struct judge *judge);
void judge_initial(struct judge *judge);  /* spec_initial.c */
void judge_estimate(struct judge *judge); /* spec_estimate.c */
void spec_document(struct judge *judge);  /* spec_document.c */

/* Where the target of inline data lies apart: the name that its column gets (in the arena); NULL otherwise. */
const char *inline_target_name(struct judge *judge);

/* --- auto.c: the optimizer of a job that leaves it to us --- */
struct auto_choice {
	const char *type, *why; /* why: "type: reason", in the arena; NULL: nothing is known of the job yet */
};
/* Whether the job's `optimizer` (NULL: none) names no type, or "auto". */
bool auto_wanted(const cJSON *item);
struct auto_choice auto_choose(struct judge *judge);
/* The reason that a posted document carries (`optimizer.auto`); NULL where it is not of this type. */
const char *auto_kept(struct judge *judge, const char *type, const cJSON *item);

/* --- defaults.c: what a job gets that does not say --- */
extern const char default_layers[], default_player_layers[];
double default_learning_rate(const struct judge *judge, const char *optimizer, double preset);
/* That of a game's discriminator where the generator's is left to us and is `rate`; 0: the same. */
double default_discriminator_rate(const struct judge *judge, double rate);
/* The betas of an optimizer like Adam in a game; NULL: those of its table. */
const double *default_betas(const struct judge *judge, const char *optimizer);
/* The schedule where the job names neither optimizer nor schedule. */
const char *default_schedule(const struct judge *judge);
uint64_t default_batch_size(const struct judge *judge); /* 0: full */
uint64_t default_epochs(const struct judge *judge, uint64_t batch_size);
uint64_t default_test_steps(void);
uint64_t default_steps(const struct judge *judge);
enum dtype default_dtype(const struct judge *judge);
void default_tolerances(const struct judge *judge, struct stopping_config *stopping);
uint64_t default_every_steps(const struct judge *judge);

#endif
