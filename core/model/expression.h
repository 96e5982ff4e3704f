/* The model that a user writes: an objective, or a prediction with a loss, as text. */
#ifndef CORE_MODEL_EXPRESSION_H
#define CORE_MODEL_EXPRESSION_H

#include "core/expression/expression.h"
#include "core/model/model.h"
#include "core/objective/tensor_objective.h"

struct expression_parameter {
	const char *name;
	struct shape shape; /* of rank 0 to 2 */
	struct start start;
	const struct init_type *init; /* that the start is the rule of; NULL: none */
	struct settings init_settings;
	const double *lower, *upper; /* its box; NULL: none */
	size_t lowers, uppers;       /* numbers in them: as many as it has, or 1 for all */
};

/* Borrows all. Exactly one of objective and prediction is not NULL.
 *
 * A text is taken row by row where it means something so (rows come first and are not counted). An objective that does
 * not, because it puts rows beside one another, is taken as numpy would: the rows are the first dimension of X, y and
 * the columns, model_shape.whole of them. It is then of these rows alone, whole. */
struct expression_config {
	const char *objective, *prediction;
	const struct expression_parameter *parameter;
	size_t parameters;
	const struct expression_symbol *symbol; /* constants, columns, X, y; node is NODE_NONE in all */
	size_t symbols;
};

/* Builds the graph and throws it away: OK, or what is wrong with the text. couples (200 bytes): why rows cannot be
 * taken apart, "" when they can. */
enum status expression_check(const struct model_config *config, const struct model_shape *shape, char couples[200],
			     struct expression_error *error);

/* What a text makes of the names that it may use. */
struct expression_uses {
	bool *parameter; /* [parameters] the value depends on it */
	bool target;     /* the target is read */
	size_t picked;   /* of how many numbers y picks one, as a class does; 0: of none, or not known */
	double ignored;  /* y of the rows that then count for nothing; NaN: none */
	bool whole;      /* all rows are a dimension of its values, and it is over those alone */
};

/* The same, and what is used: uses->parameter is given, NULL too. */
enum status expression_look(const struct model_config *config, const struct model_shape *shape,
			    struct expression_uses *uses, char couples[200], struct expression_error *error);

/* Of a config whose loss is loss_residual: whether its weights are no less than 0 whatever the data are. */
bool expression_squares_sure(const struct model_config *config, const struct model_shape *shape);

#endif
