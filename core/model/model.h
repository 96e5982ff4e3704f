/*
 * Models by name: each is a small builder of a graph over theta, and one entry in the table.
 *
 * A model file says: its settings, what kind of target it wants, which losses it takes, and how
 * its graph is drawn. Adding one: one file, one line in model.c.
 */
#ifndef CORE_MODEL_MODEL_H
#define CORE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/setting.h"
#include "core/function/function.h"
#include "core/objective/objective.h"

enum target_kind {
	TARGET_NONE,   /* no data: a closed-form function; or data without a target */
	TARGET_NUMBER, /* one or more numeric columns */
	TARGET_CLASS,  /* one column of two or more classes */
	TARGET_BINARY, /* one column of exactly two classes */
	TARGET_ANY,    /* the loss decides (networks) */
};

struct graph;
struct graph_op;
struct game_terms;
struct layer_config;
struct expression_config;
struct start_rule;

/* A loss by name. `target` is what it compares with: NUMBER, CLASS or BINARY. */
struct loss_type {
	const char *name;
	const char *doc;
	const char *source;
	enum target_kind target;
	const struct setting *settings;
	size_t setting_count;
	bool quadratic; /* in z */
	/* The scalar that it is of outputs z and a target (both rowed nodes): what a model's builder calls. */
	size_t (*build)(struct graph *graph, const struct settings *settings, size_t z, size_t target);
	enum link link;                                        /* from outputs to predictions */
	enum link (*link_of)(const struct settings *settings); /* where its settings decide; NULL: they do not */
	size_t per_target; /* outputs of a model for each number of the target; 0 counts as 1 */
	bool nonnegative;  /* a target below 0 has no loss */
	bool several;      /* of one number alone it says nothing: two targets at least */
	bool signs;        /* as a function of an expression it takes -1 and 1 for the two classes, not 0 and 1 */
	/* Of embeddings: `build` is of so many points side by side in a row, this of points of classes, whose pairs are
	 * formed of the rows of a batch (target: their classes). */
	size_t members;
	size_t (*build_classes)(struct graph *graph, const struct settings *settings, size_t z, size_t target);
	bool compares_directions; /* embeddings are of length 1 unless a job says otherwise */
	/* Of games instead of build: what the players make of the verdicts (core/model/gan.c). */
	const struct game_terms *game;
	/* The same of one output, for solvers of linear models (factor and constant with its settings); NULL: none. */
	void (*describe)(const struct settings *settings, struct row_loss *out);
};

struct activation_type {
	const char *name;
	const char *doc;
	const char *source;
	const struct setting *settings;
	size_t setting_count;
	const struct graph_op *op; /* keeps the shape; unused where build is there */
	bool he;                   /* weights before it start as He says, else as Glorot does */
	/* f(x) with its settings; NULL: op as it stands. */
	size_t (*build)(struct graph *graph, const struct settings *settings, size_t x);
};

/* How the weights of a layer start. */
struct init_type {
	const char *name;
	const char *doc;
	const char *source;
	const struct setting *settings;
	size_t setting_count;
	/* The rule for weights that make each of `fan_out` numbers from `fan_in`. */
	struct start_rule (*rule)(const struct settings *settings, size_t fan_in, size_t fan_out);
};

/* How a layer reads rows of two dimensions, [a, b]. */
enum layer_reading {
	READS_ANY,      /* it does not matter */
	READS_CHANNELS, /* as a channels, where no other layer says */
	READS_SIGNALS,  /* as they stand: [channels, length], [steps, features] */
	READS_IMAGES,   /* as an image [1, a, b] */
};

/* A layer of a network. */
struct layer_type {
	const char *name; /* "dense" */
	const char *doc;
	const char *source;
	const struct setting *settings; /* beside `activation`, `init` and `layers` */
	size_t setting_count;
	bool activates; /* takes `activation` */
	bool weighs;    /* takes `init` */
	bool nests;     /* takes `layers` of its own */
	bool indexes;   /* reads whole numbers: as the first layer it wants data that is not standardised */
	enum layer_reading reads;
	/* Appends the layer to node x; its tensors are named <path>.weight and so on. Returns the node. */
	size_t (*build)(struct graph *graph, const struct layer_config *config, const char *path, size_t x);
};

struct layer_config {
	const struct layer_type *type;
	struct settings settings;
	const struct activation_type *activation; /* of a layer that activates */
	struct settings activation_settings;
	const struct init_type *init; /* NULL: as its activation wants it */
	struct settings init_settings;
	const struct layer_config *layers; /* of a layer that nests */
	size_t layer_count;
};

/* What is wrong with a network, and where. */
struct model_fault {
	char place[64]; /* "layers.2", "layers.2.layers.0"; "": the model as a whole */
	struct error error;
};

struct drawing;
struct model_type;

/* Layers in a row. */
struct network_config {
	size_t layer_count;
	const struct layer_config *layers;
};

/* A model as a job describes it, checked and with every default filled in. Borrows all. */
struct model_config {
	const struct model_type *type;
	struct settings settings;
	const struct loss_type *loss; /* NULL for a model without a choice of losses and for functions */
	struct settings loss_settings;
	size_t layer_count;
	const struct layer_config *layers;
	struct network_config generator, discriminator; /* of games */
	const struct init_type *init; /* of the output layer that is added; NULL: as for no activation */
	struct settings init_settings;
	/* Of type "function": which one, with its own constants, and where to begin. */
	const struct function_type *function;
	struct settings function_settings;
	double scale;
	const double *initial_point; /* [initial_count] */
	size_t initial_count;
	const double *lower, *upper; /* [initial_count] the box, infinite where there is no bound; NULL: none */
	/* Of type "expression". */
	const struct expression_config *expression;
};

/* The shapes that a model is built for. */
struct model_shape {
	size_t features;
	size_t targets; /* numeric target columns; 0 for a classification */
	bool products;  /* the optimizer wants products with the Hessian, where the model has them (objective.products)
			 */
	size_t classes; /* 0: not a classification */
	size_t rows;    /* the most of any batch to train on; what runs rows as a whole needs to know */
	size_t whole;   /* all rows to train on, for an expression that takes them as one dimension; 0: none may */
};

struct model_type {
	const char *name;
	const char *doc;    /* one sentence */
	const char *source; /* book, paper or equation */
	enum target_kind target;
	const struct setting *settings;
	size_t setting_count;
	const struct loss_type *const *losses; /* NULL-terminated, the first is the default; NULL: none to choose */
	bool has_layers;
	bool has_images;        /* has the setting input_shape */
	const char *activation; /* that of a layer which names none; of networks */
	bool is_function;
	bool linear;        /* its outputs are linear in theta, and it has the settings l1 and l2 */
	bool is_expression; /* its data is optional */
	bool indexes;       /* its features are whole numbers that name things, as its settings users and items say */
	bool plays;         /* a game of two networks: has `generator` and `discriminator` (core/objective/game.h) */
	bool encodes;       /* its outputs are a code and the row again: LINK_CODE */
	bool embeds; /* its outputs are embeddings of points (LINK_EMBEDDING, ...), and it has the setting pairs */
	/* Where the default loss depends on the target (networks): picks one of `losses`. NULL: the first. */
	const struct loss_type *(*default_loss)(const struct model_shape *shape);
	/* Columns of its predictions, where these are not one a class or a target. NULL: they are. */
	size_t (*outputs)(const struct model_config *config, const struct model_shape *shape);
	/* Draws the model as a graph, from the leaves on (core/model/build.h); what is wrong sticks in the graph. */
	void (*draw)(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape);
	/* What takes the place of draw where the model is no graph, or more than one. */
	const struct model_maker *maker;
};

/* model_build, model_measure and model_check of one model; check may be NULL: nothing to ask. */
struct model_maker {
	enum status (*build)(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			     size_t slots, struct objective **out, struct error *error);
	enum status (*measure)(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			       size_t slots, size_t *parameters, size_t *bytes);
	enum status (*check)(const struct model_config *config, const struct model_shape *shape,
			     struct model_fault *fault);
};

/* Builds the objective. Returns OK, E_INVALID with a sentence, E_MEMORY, E_TOO_LARGE.
 * slots: executor slots to make scratch memory for; 0: none, nor for any numbers of the model, however large it is: an
 * objective to be asked what it is made of (tensors, l1, linear), neither initialised nor evaluated.
 * *out is returned owned. */
enum status model_build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			size_t slots, struct objective **out, struct error *error);
/* Number of parameters (theta's n) and bytes that model_build() will take, before building: E_TOO_LARGE when they do
 * not fit a size_t. */
enum status model_measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			  size_t slots, size_t *parameters, size_t *bytes);
/* Whether its parts fit one another and the shape, and which does not: OK, E_INVALID, E_MEMORY. */
enum status model_check(const struct model_config *config, const struct model_shape *shape, struct model_fault *fault);

/* The tables, for validation and catalog; find returns NULL for an unknown name. */
extern const struct model_type *const model_types[];
extern const size_t model_type_count;
extern const struct loss_type *const loss_types[];
extern const size_t loss_type_count;
extern const struct activation_type *const activation_types[];
extern const size_t activation_type_count;
extern const struct layer_type *const layer_types[];
extern const size_t layer_type_count;
extern const struct init_type *const init_types[];
extern const size_t init_type_count;
/* NULL for an unknown name. */
const struct model_type *model_find(const char *name);
const struct loss_type *loss_find(const char *name);
const struct activation_type *activation_find(const char *name);
const struct layer_type *layer_find(const char *name);

/* Points that a row holds: the members of the loss where pairs come from rows, else 1. */
size_t model_members(const struct model_config *config);
/* The kind of target that it wants; ANY where nothing decides it (a network without a loss). */
enum target_kind model_target(const struct model_type *type, const struct loss_type *loss, size_t members);
/* Whether its features are whole numbers that name rows of a table: users and items, or those of an embedding. */
bool model_reads_indices(const struct model_config *config);
/* What its outputs are to its predictions. */
enum link model_link(const struct model_config *config);
/* Weights of classes that its loss was given; 0: none, all count alike. */
size_t model_class_weights(const struct model_config *config);
/* Whether the objective that such a model builds is a quadratic function of theta. */
bool model_is_quadratic(const struct model_config *config);

#endif
